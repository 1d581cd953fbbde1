//! What the reference can not tell, because it shares it with the kernels: the numbers that decide bits, and results
//! written down once (those of rules of one pass in the table beside their scalar form). A change here is a breaking change.

use crate::execs::for_each_exec;
use crate::inputs::{Effort, Kind, effort, numbers};
use crate::loss::{Case, cases};
use simdescent_kernels::gemm::k_block;
use simdescent_kernels::linear::{
    CsrRef, Epoch, csr_gemm, csr_gemm_t, loss_and_gradient, per_example_norms, row_norms, second_moments, sgd_epoch,
    softmax_loss_and_gradient,
};
use simdescent_kernels::loss::{
    ClassTargets, FEW_CLASSES, Logistic, LossOptions, Reduction, SoftmaxOptions, logistic_in_place,
    softmax_cross_entropy_in_place, softmax_cross_entropy_with, squared_in_place,
};
use simdescent_kernels::optimizer::{
    Adafactor, AdafactorOptions, Averaging, Lamb, LambOptions, Sgd, lamb_step, orthogonalize,
};
use simdescent_kernels::threads::CHUNK;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, asum, dot, gemm, gemv, gemv_t, math, nrm2};

#[test]
fn numbers_that_decide_bits() {
    assert_eq!((f32::LANES, f64::LANES, CHUNK, FEW_CLASSES), (64, 32, 16_384, 32));
    let blocks = [0, 1, 8, 9, 511, 512, 513, 520, 784, 1023, 1024, 1025, 1536, 1537, 10_000].map(k_block);
    assert_eq!(blocks, [8, 8, 8, 16, 512, 256, 264, 264, 392, 512, 512, 344, 512, 392, 504]);
}

/// FNV-1a of the bits.
pub(crate) fn digest<T: Real>(values: &[T]) -> u64 {
    values.iter().fold(0xcbf2_9ce4_8422_2325, |hash, x| (hash ^ x.bits()).wrapping_mul(0x0100_0000_01b3))
}

fn digests<T: Real>(exec: Exec<'_>) -> Vec<(&'static str, u64)> {
    let n = 40_000;
    let (x, y) = (numbers::<T>(Kind::Ordinary, n, 1), numbers::<T>(Kind::Ordinary, n, 2));
    let f = T::from_f64;
    let mut results = Vec::new();
    let mut record = |name, values: &[T]| results.push((name, digest(values)));

    record("level 1", &[dot(exec, &x, &y), asum(exec, &x), nrm2(exec, &x)]);

    let (m, k, n) = (13, 1025, 29);
    let (a, b) = (MatRef::new(&x, m, k), MatRef::new(&y, k, n));
    let mut c = vec![f(0.5); m * n];
    gemm(exec, Accum::Add, f(0.3), a, b, MatMut::new(&mut c, m, n));
    record("gemm", &c);
    let (mut down, mut along) = (vec![T::ZERO; k], vec![T::ZERO; n]);
    gemv(exec, Accum::Replace, f(0.3), b, &x[..n], &mut down);
    gemv_t(exec, Accum::Replace, f(0.3), b, &x[..k], &mut along);
    record("gemv", &down);
    record("gemv_t", &along);

    let positive: Vec<T> = x.iter().map(|&x| T::TWO + x).collect();
    for (name, function) in [
        ("exp", math::exp_in_place as fn(Exec<'_>, &mut [T])),
        ("log", math::log_in_place),
        ("log1p", math::log1p_in_place),
        ("tanh", math::tanh_in_place),
        ("sigmoid", math::sigmoid_in_place),
        ("expm1", math::expm1_in_place),
        ("softplus", math::softplus_in_place),
        ("gelu", math::gelu_in_place),
        ("gelu′", math::gelu_derivative_in_place),
    ] {
        let mut values = positive.clone();
        function(exec, &mut values);
        record(name, &values);
    }

    let (mut squared, mut logistic) = (x.clone(), x.clone());
    let losses = (squared_in_place(exec, &mut squared, &y), logistic_in_place(exec, &mut logistic, &positive));
    squared.push(losses.0);
    logistic.push(losses.1);
    record("squared", &squared);
    record("logistic", &logistic);
    for (name, classes) in [("softmax, few", 10), ("softmax, many", 100)] {
        let rows = 390;
        let mut z = x[..rows * classes].to_vec();
        let labels: Vec<u32> = (0..rows).map(|i| (i % classes) as u32).collect();
        let loss = softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, rows, classes), &labels);
        z.push(loss);
        record(name, &z);
    }

    let samples = LossOptions { reduction: Reduction::Mean, weights: Some(&positive) };
    for Case { name, in_place, target, .. } in cases::<T>() {
        let y: Vec<T> = y.iter().copied().map(target).collect();
        let mut z = x.clone();
        let loss = in_place(exec, &mut z, &y, samples);
        z.push(loss);
        record(name, &z); // with weights
    }
    for (name, classes) in [("softmax, spread, few", 10), ("softmax, spread, many", 100)] {
        let rows = 390;
        let mut z = x[..rows * classes].to_vec();
        let samples = LossOptions { reduction: Reduction::Mean, weights: Some(&positive[..rows]) };
        let class_weights = Some(&positive[rows..][..classes]);
        let options = SoftmaxOptions { samples, class_weights, label_smoothing: f(0.1) };
        let targets = ClassTargets::Probabilities(MatRef::new(&positive, rows, classes));
        let loss = softmax_cross_entropy_with(exec, MatMut::new(&mut z, rows, classes), targets, options);
        z.push(loss);
        record(name, &z);
    }

    let (rows, cols) = (1100, 36);
    let dense = MatRef::new(&x, rows, cols);
    let (mut gradient, mut w) = (vec![T::ZERO; cols + 1], y[..=cols].to_vec());
    let targets = &positive[..rows];
    let weighted = LossOptions { reduction: Reduction::Mean, weights: Some(targets) };
    let loss = loss_and_gradient(exec, Logistic, dense, targets, weighted, &w, &mut gradient);
    gradient.push(loss);
    record("linear model", &gradient);
    let epoch = Epoch { order: None, batch_size: 100, learning_rates: &[f(0.1)], l2: f(0.01) };
    let loss = sgd_epoch(exec, Logistic, dense, targets, epoch, &mut w);
    w.push(loss);
    record("SGD epoch", &w);
    let indptr: Vec<usize> = (0..=rows).map(|i| 9 * i).collect();
    let indices: Vec<u32> = (0..9 * rows).map(|p| (7 * p % cols) as u32).collect();
    let sparse = CsrRef::new(cols, &indptr, &indices, &x[..9 * rows]).expect("a valid matrix");
    gradient.truncate(cols + 1);
    let loss = loss_and_gradient(exec, Logistic, sparse, targets, weighted, &y[..=cols], &mut gradient);
    gradient.push(loss);
    record("linear model, sparse", &gradient);
    let mut products = vec![T::ZERO; 10 * (rows + cols)];
    let (z, g) = products.split_at_mut(10 * rows);
    csr_gemm(exec, sparse, 10, &y[..10 * cols], z);
    csr_gemm_t(exec, sparse, 10, z, g);
    record("sparse products", &products);
    let delta = MatRef::new(&y, rows, 5);
    let (mut norms, mut moments) = (vec![f(0.5); rows], vec![T::ZERO; 5 * (cols + 1)]);
    row_norms(exec, dense, &mut norms);
    per_example_norms(exec, Accum::Add, dense, delta, true, &mut norms);
    second_moments(exec, dense, delta, &mut moments);
    norms.extend(&moments);
    per_example_norms(exec, Accum::Add, sparse, delta, false, &mut norms[..rows]);
    second_moments(exec, sparse, delta, &mut moments);
    norms.extend(&moments);
    record("per-example norms", &norms);
    let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % 10) as u32).collect();
    let (labels, mut gradient) = (ClassTargets::Labels(&labels), vec![T::ZERO; 10 * (cols + 1)]);
    let options = SoftmaxOptions { samples: weighted, ..SoftmaxOptions::default() };
    let loss = softmax_loss_and_gradient(exec, dense, 10, labels, options, &y[..gradient.len()], &mut gradient);
    gradient.push(loss);
    record("softmax regression", &gradient);

    let learning_rate = f(0.01);
    let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
    let (mut w, mut m, mut v) = (x.clone(), y.clone(), positive);
    lamb_step(exec, &Lamb::at_step(7, 0.01, options), &mut w, &y, [&mut m, &mut v]);
    record("LAMB", &w);
    let (mut rows, mut cols) = (y[..50].to_vec(), y[50..][..800].to_vec());
    rows.iter_mut().chain(&mut cols).for_each(|x| *x = x.abs());
    let options = AdafactorOptions { beta2: Averaging::new(0.9), epsilon: f(1e-30) };
    let moment = Adafactor::estimate(exec, options, &x, &mut rows, &mut cols);
    let factor = moment.rms(exec, &x);
    moment.step(exec, &Sgd { learning_rate: learning_rate / factor }, &mut w, &x, []);
    record("Adafactor", &w);
    let mut d = x[..40 * 55].to_vec();
    orthogonalize(exec, &mut d, 55, 40);
    record("Muon", &d);
    results
}

fn check<T: Real>(want: &[(&str, u64)]) {
    if effort() != Effort::Tiny {
        for_each_exec(|exec, label| assert_eq!(digests::<T>(exec), want, "{label}"));
    }
}

#[test]
fn results_in_single_precision() {
    check::<f32>(&[
        ("level 1", 0x229e_8610_ffac_2268),
        ("gemm", 0xb3e8_50f9_d66b_d308),
        ("gemv", 0x59ad_dec3_2547_07e0),
        ("gemv_t", 0xde2c_fbb7_ac95_7844),
        ("exp", 0x3297_aae7_eb25_83ab),
        ("log", 0x07b8_5039_a4c9_e9e4),
        ("log1p", 0x2b3c_9f68_826d_aab2),
        ("tanh", 0xcad8_e0c2_8d45_5356),
        ("sigmoid", 0xb576_1585_7408_5848),
        ("expm1", 0xe774_9c0f_1878_291e),
        ("softplus", 0x54a9_3ce9_cc3b_47ac),
        ("gelu", 0x0fcd_26f7_859f_471e),
        ("gelu′", 0x930f_36bc_fd67_c130),
        ("squared", 0x59fa_051a_584d_cfc6),
        ("logistic", 0x1ff3_2360_9f4c_b8f9),
        ("softmax, few", 0xac08_7176_db12_e8fd),
        ("softmax, many", 0x9bf0_1b8d_972d_47e2),
        ("squared", 0x35fa_811b_4d70_06be),
        ("absolute", 0x501e_492d_fcf2_2d55),
        ("Huber", 0xa5c0_4654_8260_2d3b),
        ("quantile", 0xe5ce_45f3_8caa_c7da),
        ("logistic", 0x32db_fd75_ff2d_5830),
        ("hinge", 0x0309_62bf_1731_d7fd),
        ("squared hinge", 0x7911_f915_9a86_af5f),
        ("Poisson", 0xd514_b924_5d23_b996),
        ("softmax, spread, few", 0xa113_36d3_6b1b_e1b6),
        ("softmax, spread, many", 0x7473_6d59_4f1b_d9ba),
        ("linear model", 0x6c22_c643_8014_79c0),
        ("SGD epoch", 0x40fd_60a8_488c_5952),
        ("linear model, sparse", 0xd468_161d_1242_d7a2),
        ("sparse products", 0x3a49_1db3_22c1_487a),
        ("per-example norms", 0x5fe7_557e_b98c_2150),
        ("softmax regression", 0x2a9b_cb09_5a01_36d1),
        ("LAMB", 0xe182_339b_d2b6_c0d0),
        ("Adafactor", 0x46cf_3704_0afb_e34c),
        ("Muon", 0xcbc4_8dda_3eb3_15dd),
    ]);
}

#[test]
fn results_in_double_precision() {
    check::<f64>(&[
        ("level 1", 0x21cd_d407_ebf8_0522),
        ("gemm", 0x359a_5d9e_0fa7_8983),
        ("gemv", 0x91fa_15f8_dd0a_3201),
        ("gemv_t", 0x2941_0694_326c_56a4),
        ("exp", 0xe4ac_4bae_a639_2ee4),
        ("log", 0x8f9d_7f99_3300_4180),
        ("log1p", 0xd456_97b3_fdc2_eaa9),
        ("tanh", 0x0830_f019_fc82_18c5),
        ("sigmoid", 0x52e6_6958_0f95_c554),
        ("expm1", 0x67eb_a2ca_ceeb_1d6a),
        ("softplus", 0x004b_9292_d417_dcfc),
        ("gelu", 0xca8b_9648_b1a8_0f56),
        ("gelu′", 0xcc8f_f3c4_4365_57c9),
        ("squared", 0xbdda_33b2_5d73_310e),
        ("logistic", 0x7bc1_13ff_f6cc_b35e),
        ("softmax, few", 0xb0a3_be05_4d5a_f312),
        ("softmax, many", 0x67bb_7fa2_8ac9_c4f5),
        ("squared", 0xff5c_7071_fa73_7fda),
        ("absolute", 0xf84d_cf61_2f3f_bac7),
        ("Huber", 0xe9fb_ad10_69f4_5ec0),
        ("quantile", 0xfc9f_b9c8_b0b5_d4c5),
        ("logistic", 0x3f4d_5393_5dd7_5ffe),
        ("hinge", 0x11df_a679_50ef_f21d),
        ("squared hinge", 0x7a09_88ee_f4b6_3bbf),
        ("Poisson", 0x7955_be2d_8a1f_7438),
        ("softmax, spread, few", 0x6085_90b0_40b7_530e),
        ("softmax, spread, many", 0x5473_35ff_4401_f8a5),
        ("linear model", 0x3f0e_89f6_897e_a7d5),
        ("SGD epoch", 0xcce8_f066_83d1_f5c8),
        ("linear model, sparse", 0x6d48_87d2_04b8_ba55),
        ("sparse products", 0x9a63_ab7f_c809_395d),
        ("per-example norms", 0x7782_b3ad_8c21_b575),
        ("softmax regression", 0x0a16_267f_f8a1_8c7d),
        ("LAMB", 0xecc5_b48b_d12b_8fe8),
        ("Adafactor", 0xc730_3efe_8940_1e2e),
        ("Muon", 0xd276_b74f_547f_f67f),
    ]);
}

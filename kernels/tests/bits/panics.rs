//! Wrong shapes are documented panics that name the operands.

use simdescent_kernels::gemm::step_by_strips;
use simdescent_kernels::linear::{
    CsrRef, Epoch, csr_gemm, csr_gemm_t, loss_and_gradient, sgd_epoch, softmax_loss_and_gradient,
};
use simdescent_kernels::loss::{
    ClassTargets, Hinge, Huber, LossOptions, Quantile, Reduction, SoftmaxOptions, Squared, logistic_in_place,
    pointwise_in_place, softmax_cross_entropy_in_place, softmax_cross_entropy_with, squared_in_place,
};
use simdescent_kernels::optimizer::{
    Adafactor, AdafactorOptions, Adam, Adamax, AmsGrad, Averaging, Lamb, LambOptions, Momentum, NAdam, ScheduleFree,
    ScheduleFreeOptions, Sgd, fused_step, lamb_step, orthogonalize, schedule_free_average,
};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, axpy, dot, gemm, gemv, gemv_t};

fn exec() -> Exec<'static> {
    Exec::default()
}

const LAMB: LambOptions = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
fn adafactor() -> AdafactorOptions<f32> {
    AdafactorOptions { beta2: Averaging::new(0.0), epsilon: 1e-30 }
}
/// A linear model on two rows of three columns.
fn linear(targets: usize, weights: usize, gradient: usize) {
    let (x, y) = (MatRef::new(&[0.0f32; 6], 2, 3), vec![0.0; targets]);
    let (w, mut g) = (vec![0.0; weights], vec![0.0; gradient]);
    loss_and_gradient(exec(), Squared, x, &y, LossOptions::default(), &w, &mut g);
}

/// A sparse matrix of two rows and three columns.
fn sparse() -> CsrRef<'static, f32> {
    CsrRef::new(3, &[0, 1, 1], &[2], &[1.0]).expect("a valid matrix")
}

/// Softmax regression without parameters on `rows` rows of `columns` columns, which are all zero.
fn softmax_regression(rows: usize, columns: usize, classes: usize) {
    let (x, labels) = (vec![0.0f32; rows * columns], vec![0; rows]);
    let (x, labels) = (MatRef::new(&x, rows, columns), ClassTargets::Labels(&labels));
    softmax_loss_and_gradient(exec(), x, classes, labels, SoftmaxOptions::default(), &[], &mut []);
}

/// An epoch over a linear model's two rows of three columns.
fn epoch(order: &[u32], batch_size: usize, learning_rates: &[f32]) {
    let epoch = Epoch { order: Some(order), batch_size, learning_rates, l2: 0.0 };
    sgd_epoch(exec(), Squared, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 2], epoch, &mut [0.0; 3]);
}

macro_rules! panics {
    ($($name:ident: $message:literal, $call:expr;)+) => {
        $(#[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let _ = $call;
        })+
    };
}

panics! {
    dot_of_unequal_lengths: "dot: x and y differ in length", dot(exec(), &[0.0f32; 3], &[0.0; 4]);
    axpy_of_unequal_lengths: "axpy: x and y differ in length", axpy(exec(), 1.0, &[0.0f32; 65], &mut [0.0; 64]);
    gemv_with_wrong_x: "gemv: x has to be as long as a row of A",
        gemv(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 2], &mut [0.0; 2]);
    gemv_with_wrong_y: "gemv: y has to be as long as a column of A",
        gemv(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 3], &mut [0.0; 3]);
    gemv_t_with_wrong_x: "gemv_t: x has to be as long as a column of A",
        gemv_t(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 3], &mut [0.0; 3]);
    gemv_t_with_wrong_y: "gemv_t: y has to be as long as a row of A",
        gemv_t(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 2], &mut [0.0; 2]);
    gemm_with_unlike_k: "gemm: A is 2x3, B is 2x3, C is 2x3",
        gemm(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), MatRef::new(&[0.0; 6], 2, 3),
            MatMut::new(&mut [0.0; 6], 2, 3));
    gemm_with_wrong_rows_of_c: "gemm: A is 2x3, B is 3x2, C is 1x2",
        gemm(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), MatRef::new(&[0.0; 6], 3, 2),
            MatMut::new(&mut [0.0; 2], 1, 2));
    gemm_with_wrong_columns_of_c: "gemm: A is 2x3, B is 3x2, C is 2x1",
        gemm(exec(), Accum::Add, 1.0, MatRef::new(&[0.0f32; 6], 2, 3), MatRef::new(&[0.0; 6], 3, 2),
            MatMut::new(&mut [0.0; 2], 2, 1));
    squared_loss_of_unequal_lengths: "squared loss: outputs and targets differ in number",
        squared_in_place(exec(), &mut [0.0f32; 3], &[0.0; 2]);
    logistic_loss_of_unequal_lengths: "logistic loss: outputs and targets differ in number",
        logistic_in_place(exec(), &mut [0.0f32; 3], &[0.0; 4]);
    softmax_with_too_few_labels: "rows of logits and labels differ in number",
        softmax_cross_entropy_in_place(exec(), MatMut::new(&mut [0.0f32; 6], 2, 3), &[0]);
    softmax_with_a_label_that_is_no_class: "label 3 of row 1 is not below the 3 classes",
        softmax_cross_entropy_in_place(exec(), MatMut::new(&mut [0.0f32; 6], 2, 3), &[2, 3]);
    softmax_without_classes: "label 0 of row 0 is not below the 0 classes",
        softmax_cross_entropy_in_place(exec(), MatMut::new(&mut [0.0f32; 0], 1, 0), &[0]);
    softmax_of_rows_that_are_not_contiguous: "the rows of logits have to be contiguous",
        softmax_cross_entropy_in_place(exec(), MatMut::new(&mut [0.0f32; 6], 3, 2).t(), &[0, 0]);
    loss_with_too_few_weights: "loss: outputs and weights differ in number",
        pointwise_in_place(exec(), Hinge, &mut [0.0f32; 3], &[1.0; 3],
            LossOptions { reduction: Reduction::Sum, weights: Some(&[1.0; 2]) });
    huber_loss_without_delta: "Huber loss: delta has to be positive, got 0",
        pointwise_in_place(exec(), Huber { delta: 0.0 }, &mut [0.0f32], &[1.0], LossOptions::default());
    huber_loss_of_nan: "Huber loss: delta has to be positive, got NaN",
        pointwise_in_place(exec(), Huber { delta: f32::NAN }, &mut [0.0f32], &[1.0], LossOptions::default());
    quantile_loss_of_one: "quantile loss: tau has to be between 0 and 1, got 1",
        pointwise_in_place(exec(), Quantile { tau: 1.0 }, &mut [0.0f32], &[1.0], LossOptions::default());
    softmax_with_negative_smoothing: "label smoothing has to be in [0, 1], got -0.5",
        softmax_cross_entropy_with(exec(), MatMut::new(&mut [0.0f32; 2], 1, 2), ClassTargets::Labels(&[0]),
            SoftmaxOptions { label_smoothing: -0.5, ..SoftmaxOptions::default() });
    softmax_with_too_few_class_weights: "classes and class weights differ in number",
        softmax_cross_entropy_with(exec(), MatMut::new(&mut [0.0f32; 2], 1, 2), ClassTargets::Labels(&[0]),
            SoftmaxOptions { class_weights: Some(&[1.0]), ..SoftmaxOptions::default() });
    softmax_with_too_few_probabilities: "logits and probabilities differ in shape",
        softmax_cross_entropy_with(exec(), MatMut::new(&mut [0.0f32; 2], 1, 2),
            ClassTargets::Probabilities(MatRef::new(&[1.0], 1, 1)), SoftmaxOptions::default());
    linear_model_with_too_few_targets: "linear model: rows of X and targets differ in number", linear(1, 3, 3);
    linear_model_with_too_few_parameters: "X has 3 columns, there are 2 parameters", linear(2, 2, 2);
    linear_model_with_two_intercepts: "X has 3 columns, there are 5 parameters", linear(2, 5, 5);
    linear_model_with_a_short_gradient: "parameters and gradient differ in length", linear(2, 4, 3);
    linear_model_with_too_few_weights: "loss: outputs and weights differ in number",
        loss_and_gradient(exec(), Squared, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 2],
            LossOptions { reduction: Reduction::Sum, weights: Some(&[1.0; 3]) }, &[0.0; 3], &mut [0.0; 3]);
    linear_model_with_a_bad_loss: "Huber loss: delta has to be positive, got 0",
        loss_and_gradient(exec(), Huber { delta: 0.0 }, MatRef::new(&[0.0f32; 6], 2, 3), &[0.0; 2],
            LossOptions::default(), &[0.0; 3], &mut [0.0; 3]);
    sparse_product_with_too_few_weights: "X is 2x3, n is 2, the others have 5 and 4 elements",
        csr_gemm(exec(), sparse(), 2, &[0.0; 5], &mut [0.0; 4]);
    sparse_product_with_a_long_result: "X is 2x3, n is 2, the others have 6 and 5 elements",
        csr_gemm(exec(), sparse(), 2, &[0.0; 6], &mut [0.0; 5]);
    sparse_product_of_absurd_width: "n is 9223372036854775808, the others have 0 and 0 elements",
        csr_gemm_t(exec(), sparse(), 1 << 63, &[], &mut []);
    softmax_regression_of_absurd_width: "X has 2 columns, there are 9223372036854775808 classes and 0 parameters",
        softmax_regression(1, 2, 1 << 63);
    softmax_regression_of_too_many_logits: "3 rows of 9223372036854775808 classes are too many",
        softmax_regression(3, 0, 1 << 63);
    epoch_over_a_row_that_is_not_there: "the order names row 2, X has 2 rows", epoch(&[0, 2], 1, &[0.1]);
    epoch_in_empty_batches: "the batch size has to be positive", epoch(&[0, 1], 0, &[0.1]);
    epoch_with_too_few_learning_rates: "2 learning rates for 3 steps", epoch(&[0, 1, 1], 1, &[0.1; 2]);
    epoch_without_learning_rates: "0 learning rates for 1 steps", epoch(&[0], 1, &[]);
    step_with_a_short_gradient: "parameters and gradient differ in length",
        fused_step(exec(), &Sgd { learning_rate: 0.1f32 }, &mut [0.0; 3], &[0.0; 2], []);
    step_with_a_long_state: "parameters and state differ in length",
        fused_step(exec(), &Momentum { learning_rate: 0.1f32, momentum: 0.9 }, &mut [0.0; 3], &[0.0; 3],
            [&mut [0.0; 4]]);
    strips_of_another_shape: "step by strips: A is 3x2, B is 2x4, so that parameters and state have to be 3x4",
        step_by_strips(exec(), &Sgd { learning_rate: 0.1f32 }, MatRef::new(&[0.0; 6], 3, 2), MatRef::new(&[0.0; 8], 2, 4),
            &mut [0.0; 11], []);
    lamb_with_a_short_gradient: "parameters and gradient differ in length",
        lamb_step(exec(), &Lamb::at_step(1, 0.1, LAMB), &mut [0.0f32; 3], &[0.0; 2], [&mut [0.0; 3], &mut [0.0; 3]]);
    adafactor_of_another_shape: "a gradient of 6 elements does not fit means of 2 rows and 2 columns",
        Adafactor::estimate(exec(), adafactor(), &[0.0; 6], &mut [0.0; 2], &mut [0.0; 2]);
    adafactor_with_another_gradient: "Adafactor: the gradient has another length than the one before",
        Adafactor::estimate(exec(), adafactor(), &[0.0; 6], &mut [0.0; 2], &mut [0.0; 3])
            .rms(exec(), &[0.0; 5]);
    adafactor_with_few_parameters: "parameters and gradient differ in length",
        Adafactor::estimate(exec(), adafactor(), &[0.0; 6], &mut [0.0; 2], &mut [0.0; 3])
            .step(exec(), &Sgd { learning_rate: 0.1 }, &mut [0.0; 5], &[0.0; 6], []);
    orthogonalize_another_shape: "the elements do not fill 2x3", orthogonalize(exec(), &mut [0.0f32; 5], 2, 3);
    adam_at_step_zero: "steps are counted from 1", Adam::<f32>::at_step(0, 0.1, 0.9, 0.999, 1e-8);
    adam_with_beta_one: "beta has to be in [0, 1), got 1", Adam::<f32>::at_step(1, 0.1, 0.9, 1.0, 1e-8);
    adam_with_a_beta_that_rounds_to_one: "optimizer: beta has to be in [0, 1), 0.99999999 rounds to 1",
        Adam::<f32>::at_step(1, 0.1, 0.9, 0.99999999, 1e-8);
    average_that_grows: "optimizer: 1 - beta has to be in [0, 1], got -0.5", Averaging::<f32>::with_rest(-0.5);
    amsgrad_with_beta_one: "beta has to be in [0, 1), got 1", AmsGrad::<f32>::at_step(1, 0.1, 0.9, 1.0, 1e-8);
    adamax_at_step_zero: "Adamax: steps are counted from 1", Adamax::<f32>::at_step(0, 0.1, 0.9, 0.999, 1e-8);
    nadam_with_beta_one: "beta has to be in [0, 1), got 1", NAdam::<f32>::at_step(1, &mut 1.0, 0.1, 1.0, 0.9, 1e-8);
    schedule_free_without_beta1: "beta1 has to be in (0, 1), got 0",
        ScheduleFree::<f32>::at_step(1, &mut 0.0, 0.1,
            ScheduleFreeOptions { beta1: 0.0, beta2: 0.9, epsilon: 1e-8, weight_decay: 0.0 });
    average_of_unequal_lengths: "schedule-free average: parameters and state differ in length",
        schedule_free_average(exec(), 0.9, &mut [0.0f32; 3], &[0.0; 4]);
    adam_with_a_nan: "beta has to be in [0, 1), got NaN", Adam::<f32>::at_step(1, 0.1, f64::NAN, 0.9, 1e-8);
}

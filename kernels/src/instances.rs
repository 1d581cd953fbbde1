//! What this crate compiles for all who use it.
//!
//! A generic function is compiled in every crate that calls it, unless it is `#[inline(never)]` and a crate below has compiled it
//! for the same types. The entries of the instruction sets are (`lanes/enter.rs`), so no kernel is compiled twice; a public function is
//! where more than a check and the choice of an entry stands before its kernel: else it may be inlined, which saves a call. This
//! names the functions that others are likely to call; for other types, such as a rule of the caller's own, kernels are compiled
//! there. Products and vectors come for `f32` and `f64`, losses and optimizers for `f32`.

use crate::gemm::{ActivationGradient, BiasActivation, Prepacked, Update, gemm_fused, gemm_prepacked, step_by_strips};
use crate::loss::{
    Absolute, Hinge, Huber, Logistic, Poisson, Quantile, Squared, SquaredHinge, pointwise_in_place,
    softmax_cross_entropy_with,
};
use crate::optimizer::{
    AdaDelta, AdaGrad, Adafactor, Adam, Adamax, AmsGrad, CenteredRmsProp, CoupledDecay, DecoupledDecay, FlushState,
    KeepGradient, Lamb, LambStep, Lion, Momentum, MuonMomentum, NAdam, Nesterov, RmsProp, Scaled, ScheduleFree, Sgd,
    WithGradientTransforms, WithParameterTransforms, WithTransforms, clip_factor, fused_step, orthogonalize,
    schedule_free_average, trust_ratio,
};
use crate::{CsrRef, MatRef, activation, amax, asum, axpy, dot, gemm, gemv, gemv_t, linear, math, nrm2, scale};

/// Addresses, so that no instance is left out as unused.
type Addresses = Vec<*const ()>;

macro_rules! addresses {
    ($($function:expr),+ $(,)?) => { vec![$($function as *const ()),+] };
}

macro_rules! products {
    ($name:ident, $T:ident) => {
        #[inline(never)]
        pub fn $name() -> Addresses {
            addresses![
                axpy::<$T>,
                dot::<$T>,
                scale::<$T>,
                nrm2::<$T>,
                asum::<$T>,
                amax::<$T>,
                gemv::<$T>,
                gemv_t::<$T>,
                gemm::gemm::<$T>,
                gemm_fused::<$T, BiasActivation<'_, $T>>,
                gemm_fused::<$T, ActivationGradient<'_, $T>>,
                gemm_prepacked::<$T>,
                Prepacked::<$T>::new,
                linear::row_norms::<$T, MatRef<'_, $T>>,
                linear::row_norms::<$T, CsrRef<'_, $T>>,
                linear::per_example_norms::<$T, MatRef<'_, $T>>,
                linear::per_example_norms::<$T, CsrRef<'_, $T>>,
                linear::second_moments::<$T, MatRef<'_, $T>>,
                linear::second_moments::<$T, CsrRef<'_, $T>>,
            ]
        }
    };
}
products!(products_f32, f32);
products!(products_f64, f64);

#[inline(never)]
pub fn layers() -> Addresses {
    addresses![
        math::exp_in_place::<f32>,
        math::expm1_in_place::<f32>,
        math::log_in_place::<f32>,
        math::log1p_in_place::<f32>,
        math::tanh_in_place::<f32>,
        math::sigmoid_in_place::<f32>,
        math::softplus_in_place::<f32>,
        math::gelu_in_place::<f32>,
        math::gelu_derivative_in_place::<f32>,
        activation::bias_activation_in_place::<f32>,
        activation::activation_gradient_in_place::<f32>,
        pointwise_in_place::<f32, Squared>,
        pointwise_in_place::<f32, Absolute>,
        pointwise_in_place::<f32, Huber<f32>>,
        pointwise_in_place::<f32, Quantile<f32>>,
        pointwise_in_place::<f32, Logistic>,
        pointwise_in_place::<f32, Hinge>,
        pointwise_in_place::<f32, SquaredHinge>,
        pointwise_in_place::<f32, Poisson>,
        softmax_cross_entropy_with::<f32>,
        linear::outputs::<f32, MatRef<'_, f32>>,
        linear::outputs::<f32, CsrRef<'_, f32>>,
        linear::gradient::<f32, MatRef<'_, f32>>,
        linear::gradient::<f32, CsrRef<'_, f32>>,
        linear::csr_gemm::<f32>,
        linear::csr_gemm_t::<f32>,
        linear::softmax_loss_and_gradient::<f32>,
    ]
}

/// A step of each rule: alone, with an L2 penalty, with all transforms.
macro_rules! steps {
    ($($rule:ty, $states:literal;)+) => {
        addresses![
            $(
                fused_step::<f32, $rule, $states>,
                fused_step::<f32, CoupledDecay<f32, $rule>, $states>,
                fused_step::<f32, WithTransforms<f32, $rule>, $states>,
            )+
        ]
    };
}

#[inline(never)]
pub fn optimizers() -> Addresses {
    type AdamW = DecoupledDecay<f32, Adam<f32>>;
    type Decayed<R> = CoupledDecay<f32, R>;
    let mut all = steps! {
        Sgd<f32>, 0;
        Momentum<f32>, 1;
        Nesterov<f32>, 1;
        AdaGrad<f32>, 1;
        RmsProp<f32>, 1;
        CenteredRmsProp<f32>, 2;
        AdaDelta<f32>, 2;
        Adam<f32>, 2;
        AdamW, 2;
        AmsGrad<f32>, 3;
        Adamax<f32>, 2;
        NAdam<f32>, 2;
        Lion<f32>, 1;
        ScheduleFree<f32>, 2;
    };
    all.extend(addresses![
        clip_factor::<f32>,
        schedule_free_average::<f32>,
        // in the store of a product, or strip by strip
        gemm_fused::<f32, Update<'_, f32, Sgd<f32>, 0>>,
        gemm_fused::<f32, Update<'_, f32, Decayed<Sgd<f32>>, 0>>,
        gemm_fused::<f32, Update<'_, f32, Momentum<f32>, 1>>,
        gemm_fused::<f32, Update<'_, f32, Decayed<Momentum<f32>>, 1>>,
        gemm_fused::<f32, Update<'_, f32, Nesterov<f32>, 1>>,
        gemm_fused::<f32, Update<'_, f32, Decayed<Nesterov<f32>>, 1>>,
        step_by_strips::<f32, Adam<f32>, 2>,
        step_by_strips::<f32, Decayed<Adam<f32>>, 2>,
        step_by_strips::<f32, AdamW, 2>,
        step_by_strips::<f32, Decayed<AdamW>, 2>,
        // of several passes
        trust_ratio::<f32, WithGradientTransforms<f32, FlushState<f32, Lamb<f32>>>>,
        fused_step::<f32, WithParameterTransforms<f32, LambStep<f32>>, 1>,
        Adafactor::<f32>::estimate,
        Adafactor::<f32>::rms,
        fused_step::<f32, WithGradientTransforms<f32, KeepGradient>, 1>,
        Adafactor::<f32>::step::<WithParameterTransforms<f32, Scaled<f32, Sgd<f32>>>, 0>,
        Adafactor::<f32>::step::<WithParameterTransforms<f32, Scaled<f32, FlushState<f32, Momentum<f32>>>>, 1>,
        orthogonalize::<f32>,
        fused_step::<f32, WithGradientTransforms<f32, FlushState<f32, MuonMomentum<f32>>>, 2>,
        fused_step::<f32, WithParameterTransforms<f32, DecoupledDecay<f32, Sgd<f32>>>, 0>,
    ]);
    all
}

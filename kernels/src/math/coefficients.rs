//! The constants of the functions of [`crate::math`], per element type. Where they come from stands beside each.
//!
//! Polynomials are minimax fits by Sollya's `fpminimax`, lowest degree first, with coefficients in the element type.

/// What the functions of [`crate::math`] need to know of an element type (sealed, through [`Real`](crate::Real)).
///
/// Bit-pattern constants are stored as the number with that pattern, so that one `splat` is enough.
pub trait Coefficients: Sized + 'static {
    /// ½.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// −∞.
    const NEG_INF: Self;
    /// A quiet NaN.
    const NAN: Self;
    /// Bit pattern: only the sign bit (−0).
    const SIGN: Self;
    /// Bit pattern: sign and exponent field, all above the mantissa (−∞).
    const HEAD: Self;
    /// log₂ e, rounded.
    const LOG2E: Self;
    /// ½·log₂ e, rounded.
    const LOG2E_HALF: Self;
    /// ln 2, rounded.
    const LN2_HI: Self;
    /// ln 2 − `LN2_HI`, rounded.
    const LN2_LO: Self;
    /// 1.5·2^mantissa: the low bits of n + `ROUND0` are n.
    const ROUND0: Self;
    /// 1.5·2^mantissa + bias: the low bits of n + `ROUND1` are n + bias, the exponent field of 2ⁿ.
    const ROUND1: Self;
    /// 1.5·2^mantissa + 2·bias.
    const ROUND2: Self;
    /// Clamp of the argument of exp that still overflows.
    const EXP_MAX: Self;
    /// Clamp of the argument of exp that still gives +0.
    const EXP_MIN: Self;
    /// Clamp of −2|x| in tanh: the result has long been ±1, and 2ⁿ is still normal.
    const TANH_MIN: Self;
    /// h in exp(r) = 1 + r + r²·h(r), |r| ≤ ½ ln 2.
    const EXP_H: &'static [Self];
    /// P in 2·atanh(s)/s = 2 + z·P(z), z = s² ≤ (3 − √8)².
    const LOG_P: &'static [Self];
    /// √½, rounded; used for its bit pattern.
    const SQRT_HALF: Self;
    /// 2^mantissa + 2^(exponent bits): turns shifted-down sign and exponent into a number.
    const EXPO: Self;
    /// `EXPO` + mantissa + 1, for arguments that were scaled by `SUBNORMAL_SCALE`.
    const EXPO_SUBNORMAL: Self;
    /// 2^(mantissa + 1).
    const SUBNORMAL_SCALE: Self;
}

impl Coefficients for f32 {
    const HALF: f32 = 0.5;
    const TWO: f32 = 2.0;
    const NEG_INF: f32 = f32::NEG_INFINITY;
    const NAN: f32 = f32::from_bits(0x7fc0_0000);
    const SIGN: f32 = -0.0;
    const HEAD: f32 = f32::from_bits(0xff80_0000);
    const LOG2E: f32 = core::f32::consts::LOG2_E;
    const LOG2E_HALF: f32 = 0.5 * core::f32::consts::LOG2_E;
    const LN2_HI: f32 = f32::from_bits(0x3f31_7218); //  0x1.62e43p-1
    const LN2_LO: f32 = f32::from_bits(0xb102_e308); // -0x1.05c61p-29
    const ROUND0: f32 = 12_582_912.0;
    const ROUND1: f32 = 12_582_912.0 + 127.0;
    const ROUND2: f32 = 12_582_912.0 + 254.0;
    const EXP_MAX: f32 = 89.0;
    const EXP_MIN: f32 = -104.0;
    const TANH_MIN: f32 = -40.0;
    // sollya fpminimax(expm1(x), [|2..6|], single, |x|<=0.3467, relative, f0 = x),
    // then a search over the last bits for the smallest worst tanh error
    // (src/bin/tune.rs), leading coefficient fixed at 1/2: relative error of
    // expm1 2.6e-8 (2^-25.2), of exp 7.0e-9 (2^-27.1).
    const EXP_H: &'static [f32] = &[
        f32::from_bits(0x3f00_0000), // 0x1p-1
        f32::from_bits(0x3e2a_aa58), // 0x1.5554bp-3
        f32::from_bits(0x3d2a_aba5), // 0x1.55574ap-5
        f32::from_bits(0x3c09_1642), // 0x1.122c84p-7
        f32::from_bits(0x3ab5_a906), // 0x1.6b520cp-10
    ];
    // sollya fpminimax(2 atanh(sqrt z)/sqrt z - 2, [|1..3|], single,
    // [2^-40, 0.02948], absolute): error / 2 = 8.2e-10 (2^-30.2).
    const LOG_P: &'static [f32] = &[
        f32::from_bits(0x3f2a_aabd), // 0x1.55557ap-1
        f32::from_bits(0x3ecc_af65), // 0x1.995ecap-2
        f32::from_bits(0x3e98_f155), // 0x1.31e2aap-2
    ];
    const SQRT_HALF: f32 = f32::from_bits(0x3f35_04f3);
    const EXPO: f32 = 8_388_608.0 + 256.0;
    const EXPO_SUBNORMAL: f32 = 8_388_608.0 + 256.0 + 24.0;
    const SUBNORMAL_SCALE: f32 = 16_777_216.0;
}

impl Coefficients for f64 {
    const HALF: f64 = 0.5;
    const TWO: f64 = 2.0;
    const NEG_INF: f64 = f64::NEG_INFINITY;
    const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
    const SIGN: f64 = -0.0;
    const HEAD: f64 = f64::from_bits(0xfff0_0000_0000_0000);
    const LOG2E: f64 = core::f64::consts::LOG2_E;
    const LOG2E_HALF: f64 = 0.5 * core::f64::consts::LOG2_E;
    const LN2_HI: f64 = f64::from_bits(0x3fe6_2e42_fefa_39ef); // 0x1.62e42fefa39efp-1
    const LN2_LO: f64 = f64::from_bits(0x3c7a_bc9e_3b39_803f); // 0x1.abc9e3b39803fp-56
    const ROUND0: f64 = 6_755_399_441_055_744.0;
    const ROUND1: f64 = 6_755_399_441_055_744.0 + 1023.0;
    const ROUND2: f64 = 6_755_399_441_055_744.0 + 2046.0;
    const EXP_MAX: f64 = 710.0;
    const EXP_MIN: f64 = -746.0;
    const TANH_MIN: f64 = -40.0;
    // sollya fpminimax(expm1(x), [|2..11|], double, |x|<=0.34658, relative, f0 = x):
    // relative error of expm1 1.76e-17 (2^-55.7), of exp 7.3e-18 (2^-56.9).
    const EXP_H: &'static [f64] = &[
        f64::from_bits(0x3fe0_0000_0000_0005), // 0x1.0000000000005p-1
        f64::from_bits(0x3fc5_5555_5555_553b), // 0x1.555555555553bp-3
        f64::from_bits(0x3fa5_5555_5555_2110), // 0x1.555555555211p-5
        f64::from_bits(0x3f81_1111_1111_8833), // 0x1.1111111118833p-7
        f64::from_bits(0x3f56_c16c_17f2_d91c), // 0x1.6c16c17f2d91cp-10
        f64::from_bits(0x3f2a_01a0_177e_fd1f), // 0x1.a01a0177efd1fp-13
        f64::from_bits(0x3efa_019a_6a6f_4594), // 0x1.a019a6a6f4594p-16
        f64::from_bits(0x3ec7_1de8_1142_ac95), // 0x1.71de81142ac95p-19
        f64::from_bits(0x3e92_8a28_91c6_95f9), // 0x1.28a2891c695f9p-22
        f64::from_bits(0x3e5a_e775_da4c_ff2d), // 0x1.ae775da4cff2dp-26
    ];
    // sollya fpminimax(2 atanh(sqrt z)/sqrt z - 2, [|1..7|], double,
    // [2^-40, 0.02948], absolute): error / 2 = 1.25e-18 (2^-59.5).
    const LOG_P: &'static [f64] = &[
        f64::from_bits(0x3fe5_5555_5555_5593), // 0x1.5555555555593p-1
        f64::from_bits(0x3fd9_9999_9997_f9fe), // 0x1.999999997f9fep-2
        f64::from_bits(0x3fd2_4924_9422_9bb2), // 0x1.2492494229bb2p-2
        f64::from_bits(0x3fcc_71c5_1d86_0c4b), // 0x1.c71c51d860c4bp-3
        f64::from_bits(0x3fc7_4664_98c1_531d), // 0x1.7466498c1531dp-3
        f64::from_bits(0x3fc3_9a09_99aa_bd64), // 0x1.39a0999aabd64p-3
        f64::from_bits(0x3fc2_f115_229f_da48), // 0x1.2f115229fda48p-3
    ];
    const SQRT_HALF: f64 = f64::from_bits(0x3fe6_a09e_667f_3bcd);
    const EXPO: f64 = 4_503_599_627_370_496.0 + 2048.0;
    const EXPO_SUBNORMAL: f64 = 4_503_599_627_370_496.0 + 2048.0 + 53.0;
    const SUBNORMAL_SCALE: f64 = 9_007_199_254_740_992.0;
}

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
    /// √2 − 1, rounded.
    const SQRT2_MINUS_ONE: Self;
    /// √(2/π), rounded.
    const SQRT_2_OVER_PI: Self;
    /// Clamp of |x| in GELU: 1 − Φ and its product with x have long rounded to zero.
    const GELU_MAX: Self;
    /// δ in 1 − Φ(a) = e^(−a²/2)·(1 + δ(q − ½))/(2·(a + 2)), q = a/(a + 2).
    const GELU_DELTA: &'static [Self];
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
    const SQRT2_MINUS_ONE: f32 = f32::from_bits(0x3ed4_13cd);
    const SQRT_2_OVER_PI: f32 = f32::from_bits(0x3f4c_422a);
    const GELU_MAX: f32 = 15.0;
    // sollya fpminimax(exp(a^2/2) erfc(a/sqrt 2) (a + 2) - 1, 13, [|single...|], [-1/2, 0.3830], absolute) in
    // q - 1/2, a = 2 q/(1 - q): error 1.1e-08 (2^-26.5).
    const GELU_DELTA: &'static [f32] = &[
        f32::from_bits(0x3eb0_8bb9), // 0x1.611772p-2
        f32::from_bits(0xbfa9_add8), // -0x1.535bbp0
        f32::from_bits(0x3e6b_e8ea), // 0x1.d7d1d4p-3
        f32::from_bits(0x3f16_6633), // 0x1.2ccc66p-1
        f32::from_bits(0xbc77_a0b4), // -0x1.ef4168p-7
        f32::from_bits(0xbedc_7259), // -0x1.b8e4b2p-2
        f32::from_bits(0xbe7d_f34c), // -0x1.fbe698p-3
        f32::from_bits(0x3e51_cb91), // 0x1.a39722p-3
        f32::from_bits(0x3ed0_cac1), // 0x1.a19582p-2
        f32::from_bits(0x3e2c_1215), // 0x1.58242ap-3
        f32::from_bits(0xbe41_0535), // -0x1.820a6ap-3
        f32::from_bits(0xbe9a_8100), // -0x1.3502p-2
        f32::from_bits(0xbe86_3843), // -0x1.0c7086p-2
        f32::from_bits(0xbe19_03ec), // -0x1.3207d8p-3
    ];
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
    const SQRT2_MINUS_ONE: f64 = f64::from_bits(0x3fda_8279_99fc_ef32);
    const SQRT_2_OVER_PI: f64 = f64::from_bits(0x3fe9_8845_33d4_3651);
    const GELU_MAX: f64 = 39.5;
    // sollya fpminimax(exp(a^2/2) erfc(a/sqrt 2) (a + 2) - 1, 30, [|D...|], [-1/2, 0.4525], absolute) in
    // q - 1/2, a = 2 q/(1 - q): error 1.2e-17 (2^-56.2).
    const GELU_DELTA: &'static [f64] = &[
        f64::from_bits(0x3fd6_1177_2b4a_953a), // 0x1.611772b4a953ap-2
        f64::from_bits(0xbff5_35ba_fa73_c585), // -0x1.535bafa73c585p0
        f64::from_bits(0x3fcd_7d0e_2393_eae7), // 0x1.d7d0e2393eae7p-3
        f64::from_bits(0x3fe2_ccbf_bf0c_697c), // 0x1.2ccbfbf0c697cp-1
        f64::from_bits(0xbf8e_c687_0b9d_632c), // -0x1.ec6870b9d632cp-7
        f64::from_bits(0xbfdb_8b93_7f82_8b47), // -0x1.b8b937f828b47p-2
        f64::from_bits(0xbfcf_f79b_9ea9_e589), // -0x1.ff79b9ea9e589p-3
        f64::from_bits(0x3fc9_ba0c_67a1_a85c), // 0x1.9ba0c67a1a85cp-3
        f64::from_bits(0x3fdb_1b0c_55fe_3b8c), // 0x1.b1b0c55fe3b8cp-2
        f64::from_bits(0x3fcb_217d_42b4_b72e), // 0x1.b217d42b4b72ep-3
        f64::from_bits(0xbfce_5409_9270_2f2c), // -0x1.e540992702f2cp-3
        f64::from_bits(0xbfe0_d97a_6223_374d), // -0x1.0d97a6223374dp-1
        f64::from_bits(0xbfd8_254f_30ed_ef7f), // -0x1.8254f30edef7fp-2
        f64::from_bits(0x3fc4_4ccd_8de6_69f9), // 0x1.44ccd8de669f9p-3
        f64::from_bits(0x3fe6_c270_4d27_76a0), // 0x1.6c2704d2776ap-1
        f64::from_bits(0x3fea_6170_ed50_f91f), // 0x1.a6170ed50f91fp-1
        f64::from_bits(0x3fd0_f9ff_866e_fbc9), // 0x1.0f9ff866efbc9p-2
        f64::from_bits(0xbfe8_26aa_0d01_cb56), // -0x1.826aa0d01cb56p-1
        f64::from_bits(0xbff8_cf46_ee95_7a98), // -0x1.8cf46ee957a98p0
        f64::from_bits(0xbff5_dfb9_3b5b_aa5c), // -0x1.5dfb93b5baa5cp0
        f64::from_bits(0xbfd5_84b1_5ed6_a51b), // -0x1.584b15ed6a51bp-2
        f64::from_bits(0x3fee_543b_b42f_e3f9), // 0x1.e543bb42fe3f9p-1
        f64::from_bits(0x4010_5f4e_806d_ee8b), // 0x1.05f4e806dee8bp2
        f64::from_bits(0x4020_deb2_9c44_2f48), // 0x1.0deb29c442f48p3
        f64::from_bits(0x3ff7_3ef7_ae21_0479), // 0x1.73ef7ae210479p0
        f64::from_bits(0xc033_48f7_b51b_de7d), // -0x1.348f7b51bde7dp4
        f64::from_bits(0xc032_974c_7555_31a3), // -0x1.2974c755531a3p4
        f64::from_bits(0x402d_41f7_47a9_d4ba), // 0x1.d41f747a9d4bap3
        f64::from_bits(0x4038_07e3_49ba_0094), // 0x1.807e349ba0094p4
        f64::from_bits(0xbffb_bb55_5807_6148), // -0x1.bbb5558076148p0
        f64::from_bits(0xc021_80bf_d22c_4387), // -0x1.180bfd22c4387p3
    ];
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

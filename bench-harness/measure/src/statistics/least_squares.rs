//! Linear least squares with a few coefficients.

/// A linear fit with N coefficients.
#[derive(Clone, Debug)]
pub(super) struct LinearFit<const N: usize> {
    pub(super) coefficients: [f64; N],
    /// (XᵀX)⁻¹, which times the variance of a residual is the covariance of the coefficients.
    pub(super) inverse: [[f64; N]; N],
    /// y − Xβ.
    pub(super) residuals: Vec<f64>,
}

/// β = (XᵀWX)⁻¹XᵀWy; `rows` is X. `None` if the rows do not determine β. The inverse is without the weights.
pub(super) fn linear_fit<const N: usize>(rows: &[[f64; N]], y: &[f64], weights: &[f64]) -> Option<LinearFit<N>> {
    let moments = |weighted: bool| {
        let (mut xx, mut xy) = ([[0.0; N]; N], [0.0; N]);
        for ((row, y), weight) in rows.iter().zip(y).zip(weights) {
            let weight = if weighted { *weight } else { 1.0 };
            for i in 0..N {
                xy[i] += weight * row[i] * y;
                for j in 0..N {
                    xx[i][j] += weight * row[i] * row[j];
                }
            }
        }
        (xx, xy)
    };
    let ((xx, xy), (plain, _)) = (moments(true), moments(false));
    let coefficients = times(&invert(xx)?, &xy);
    let predicted = |row: &[f64; N]| row.iter().zip(&coefficients).map(|(x, b)| x * b).sum::<f64>();
    let residuals = rows.iter().zip(y).map(|(row, y)| y - predicted(row)).collect();
    Some(LinearFit { coefficients, inverse: invert(plain)?, residuals })
}

fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| matrix[i].iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// The inverse of a symmetric positive definite matrix by Gauss and Jordan; `None` if it is singular to working precision.
fn invert<const N: usize>(mut a: [[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let diagonal: [f64; N] = std::array::from_fn(|i| a[i][i]);
    let mut inverse: [[f64; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(i == j)));
    for k in 0..N {
        let pivot = a[k][k];
        if pivot.is_nan() || pivot <= 1e-13 * diagonal[k] {
            return None;
        }
        for j in 0..N {
            a[k][j] /= pivot;
            inverse[k][j] /= pivot;
        }
        for i in (0..N).filter(|&i| i != k) {
            let factor = a[i][k];
            for j in 0..N {
                a[i][j] -= factor * a[k][j];
                inverse[i][j] -= factor * inverse[k][j];
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_three_points() {
        // By hand: (0, 1), (1, 2), (2, 2) give the slope 1/2, the intercept 7/6, and (XᵀX)⁻¹ = [[5, −3], [−3, 3]]/6.
        let fit = linear_fit(&[[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], &[1.0, 2.0, 2.0], &[1.0; 3]).unwrap();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} is not {b}");
        close(fit.coefficients[0], 7.0 / 6.0);
        close(fit.coefficients[1], 0.5);
        close(fit.inverse[0][0], 5.0 / 6.0);
        close(fit.inverse[1][0], -0.5);
        close(fit.residuals[1], 1.0 / 3.0);
        assert!(linear_fit(&[[1.0, 2.0], [1.0, 2.0]], &[1.0, 2.0], &[1.0; 2]).is_none(), "one x is no line");
        assert!(linear_fit(&[[f64::NAN, 2.0], [1.0, 1.0]], &[1.0, 2.0], &[1.0; 2]).is_none());
    }
}

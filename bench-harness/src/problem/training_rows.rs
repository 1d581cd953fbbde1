//! Training rows, wherever they are.

use super::remarks::remark_blurred_targets;
use anyhow::{Result, bail};
use simdescent::dataset::RowStream;
use simdescent::{Dataset, Loss, TargetScaling};

/// What can be found out from training rows, in memory or on the disk.
pub(crate) trait TrainingRows {
    fn count(&self) -> usize;
    fn balanced_class_weights(self) -> Result<Vec<f32>>;
    fn target_scaling(self, loss: Loss) -> Result<TargetScaling>;
}

impl TrainingRows for &Dataset {
    fn count(&self) -> usize {
        self.rows()
    }
    fn balanced_class_weights(self) -> Result<Vec<f32>> {
        Ok(self.balanced_class_weights()?)
    }
    fn target_scaling(self, loss: Loss) -> Result<TargetScaling> {
        let scaling = TargetScaling::fit(loss, self)?;
        remark_blurred_targets(&scaling, self);
        Ok(scaling)
    }
}

impl TrainingRows for &mut RowStream {
    fn count(&self) -> usize {
        self.rows()
    }
    fn balanced_class_weights(self) -> Result<Vec<f32>> {
        Ok(self.balanced_class_weights()?)
    }
    fn target_scaling(self, loss: Loss) -> Result<TargetScaling> {
        if !loss.scales_with_targets() {
            bail!("--standardize-targets does not go with the loss {}: leave it out", loss.name());
        }
        Ok(self.target_scaling()?)
    }
}

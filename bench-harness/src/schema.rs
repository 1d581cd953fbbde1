//! Schemas of all JSON that the program prints or writes, made from the types and kept in `schema/`.
//!
//! `SIMDESCENT_WRITE_SCHEMAS=1 cargo test -p simdescent-bench schema` writes them anew.

use crate::comparison::result::CompareReport;
use crate::difference::result::DiffReport;
use crate::report::doctor::DoctorReport;
use crate::search::SearchReport;
use crate::study::audit::AuditReport;
use crate::study::hardware::Summary;
use crate::study::projection::ProjectionReport;
use crate::study::result::Report;
use crate::timing::result::BenchReport;
use crate::training::evaluation::EvaluationReport;
use crate::training::explanation::ExplanationReport;
use crate::training::prediction::PredictionReport;
use crate::training::rate_search::RateSearchReport;
use crate::training::resampling::{CrossValidationReport, LearningCurveReport};
use crate::training::result::{LbfgsReport, TrainingReport};
use crate::training::schedule::ScheduleReport;
use crate::verification::VerificationReport;
use schemars::{Schema, schema_for};
use std::path::Path;

/// By command and version.
fn schemas() -> [(&'static str, Schema); 19] {
    [
        ("bench.v1", schema_for!(BenchReport)),
        ("compare.v1", schema_for!(CompareReport)),
        ("cross-validate.v1", schema_for!(CrossValidationReport)),
        ("diff.v1", schema_for!(DiffReport)),
        ("doctor.v1", schema_for!(DoctorReport)),
        ("evaluate.v1", schema_for!(EvaluationReport)),
        ("explain.v1", schema_for!(ExplanationReport)),
        ("learning-curve.v1", schema_for!(LearningCurveReport)),
        ("predict.v1", schema_for!(PredictionReport)),
        ("project-validate.v1", schema_for!(ProjectionReport)),
        ("results-summary.v1", schema_for!(Summary)),
        ("schedule.v1", schema_for!(ScheduleReport)),
        ("sweep.v2", schema_for!(Report)),
        ("train.v1", schema_for!(TrainingReport)),
        ("train-lbfgs.v1", schema_for!(LbfgsReport)),
        ("tune-lr.v1", schema_for!(RateSearchReport)),
        ("tune-search.v1", schema_for!(SearchReport)),
        ("verify-records.v1", schema_for!(AuditReport)),
        ("verify.v1", schema_for!(VerificationReport)),
    ]
}

#[test]
fn schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let write = std::env::var_os("SIMDESCENT_WRITE_SCHEMAS").is_some();
    for (command, schema) in schemas() {
        let path = folder.join(format!("{command}.schema.json"));
        let text = format!("{:#}\n", schema.to_value());
        if write {
            std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &text)).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{} is stale: see the top of src/schema.rs", path.display());
    }
}

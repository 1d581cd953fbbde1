//! The same records have to give the same report everywhere.

use std::fs;
use std::path::Path;

#[test]
fn statistics_are_pure_and_have_the_same_bits_everywhere() {
    let impure = ["simdescent", "crate::", "std::fs", "std::io", "std::env", "std::time", "std::thread", "HashMap"];
    let platform =
        ["ln()", "exp()", "exp_m1()", "ln_1p()", "log2()", "log10()", "powf(", "powi(", "cbrt()", "sin()", "cos()"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/statistics");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("mod tests {").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let found = impure.iter().find(|what| line.contains(**what));
            assert_eq!(found, None, "{} is to be pure functions of its arguments: {line}", path.display());
            let found = platform.iter().find(|what| line.contains(&format!(".{what}")));
            assert_eq!(found, None, "{} is to take functions from the crate libm: {line}", path.display());
        }
    }
}

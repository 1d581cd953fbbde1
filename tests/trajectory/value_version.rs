//! Whoever changes a golden digest raises [`simdescent::VALUE_VERSION`].

use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// The value version of which the digests in the [`FILES`] are, and their hash.
const GOLDEN: (u32, &str) = (1, "dcf576d8caf18ee319267fc792bb9ab44221ff1c704f3f0f1720d6737a7850c4");

/// Where golden digests of kernels and training runs stand.
const FILES: [&str; 3] =
    ["kernels/tests/bits/golden.rs", "kernels/src/reference/optimizer.rs", "tests/trajectory/golden.rs"];

/// The literals that are digests: at least 16 hexadecimal digits.
fn digests(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '_' && c != 'x');
    let digits = |word: &str| word.trim_start_matches("0x").replace('_', "").to_ascii_lowercase();
    words.map(digits).filter(|word| word.len() >= 16 && word.chars().all(|c| c.is_ascii_hexdigit()))
}

#[test]
fn no_golden_digest_changes_without_the_value_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut hash, mut count) = (Sha256::new(), 0);
    for file in FILES {
        for digest in digests(&fs::read_to_string(root.join(file)).unwrap()) {
            hash.update(digest + "\n");
            count += 1;
        }
    }
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(count > 60, "{count} digests found in {FILES:?}");
    assert_eq!(
        (simdescent::VALUE_VERSION, hash.as_str()),
        GOLDEN,
        "golden digests changed: raise VALUE_VERSION in src/lib.rs, say so in CHANGELOG.md, and write down the new hash here"
    );
}

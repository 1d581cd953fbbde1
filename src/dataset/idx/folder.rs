//! Which files of a folder are MNIST's.

use crate::error::{DataError, Place};
use std::fs;
use std::path::{Path, PathBuf};

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// What stands between the words of a name.
const SEPARATORS: [char; 3] = ['-', '_', '.'];

/// The images of the `t10k` pair, or else those for training.
pub(super) fn find_inputs(dir: &Path) -> Result<PathBuf, DataError> {
    let [training, _, t10k, _] = found(dir)?;
    t10k.or(training).ok_or_else(|| {
        let message = format!("needs {}, with or without .gz: the images to predict", NAMES[2]);
        DataError::format(dir, Place::File, message)
    })
}

/// The pair for training, if there is one, and the `t10k` pair.
#[allow(clippy::type_complexity)]
pub(in crate::dataset) fn find(dir: &Path) -> Result<(Option<[PathBuf; 2]>, [PathBuf; 2]), DataError> {
    let found = found(dir)?;
    let missing: Vec<_> = NAMES.iter().zip(&found).filter(|(_, f)| f.is_none()).map(|(name, _)| *name).collect();
    match found {
        [Some(images), Some(labels), Some(t10k_images), Some(t10k_labels)] => {
            Ok((Some([images, labels]), [t10k_images, t10k_labels]))
        }
        [None, None, Some(images), Some(labels)] => Ok((None, [images, labels])),
        _ => {
            let message = format!(
                "needs {} (each with or without .gz, also with dots or underscores between the words), or only the last two; missing: {}",
                NAMES.join(", "),
                missing.join(", ")
            );
            Err(DataError::format(dir, Place::File, message))
        }
    }
}

/// The file of each of the [`NAMES`], as far as they are there.
fn found(dir: &Path) -> Result<[Option<PathBuf>; 4], DataError> {
    if !dir.is_dir() {
        let fault = if dir.exists() { "is not a folder" } else { "the folder does not exist" };
        return Err(DataError::format(dir, Place::File, fault));
    }
    let mut named: [Vec<String>; 4] = Default::default();
    for entry in fs::read_dir(dir).map_err(|e| DataError::io(dir, e))? {
        let name = entry.map_err(|e| DataError::io(dir, e))?.file_name();
        // A name that is no UTF-8 is none of those sought.
        if let Some(name) = name.to_str()
            && let Some(which) = which(name)
            && dir.join(name).is_file()
        {
            named[which].push(name.to_owned());
        }
    }
    let mut found = [const { None }; 4];
    for (which, mut names) in named.into_iter().enumerate() {
        // The usual name first, and the file before its compressed copy.
        let key = |name: &String| (name.strip_suffix(".gz").unwrap_or(name) != NAMES[which], name.clone());
        names.sort_by_cached_key(key);
        let Some(first) = names.first() else { continue };
        let same = |name: &&String| name.strip_prefix(first.as_str()) == Some(".gz");
        let usual = first.strip_suffix(".gz").unwrap_or(first) == NAMES[which];
        if !usual && names[1..].iter().any(|name| !same(&name)) {
            let message = format!("{} may all be {}; keep one of them in the folder", names.join(", "), NAMES[which]);
            return Err(DataError::format(dir, Place::File, message));
        }
        found[which] = Some(dir.join(first));
    }
    Ok(found)
}

/// Which of the [`NAMES`] is meant by a name such as `train-images.idx3-ubyte`, `train_labels.idx1.gz` or
/// `emnist-digits-test-images-idx3-ubyte`.
fn which(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.strip_suffix(".gz").unwrap_or(&name).split(SEPARATORS).collect();
    let at = words.iter().rposition(|word| matches!(*word, "images" | "labels"))?;
    let part = match *words.get(at.checked_sub(1)?)? {
        "train" => 0,
        "t10k" | "test" => 2,
        _ => return None,
    };
    let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_type = |word: &str| matches!(word, "ubyte" | "byte" | "short" | "int" | "float" | "double");
    let rest = words[at + 1..].iter();
    let of_idx = rest.clone().all(|word| word.strip_prefix("idx").is_some_and(digits) || is_type(word));
    (of_idx && rest.len() <= 2).then_some(part + usize::from(words[at] == "labels"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_use() {
        for (name, found) in [
            ("train-images-idx3-ubyte", Some(0)),
            ("train-images.idx3-ubyte", Some(0)),
            ("train_images.idx", Some(0)),
            ("train-labels-idx1-int.gz", Some(1)),
            ("emnist-letters-test-images-idx3-ubyte.GZ", Some(2)),
            ("t10k-labels", Some(3)),
            ("t10k-labels.csv", None),
            ("train-images.npy", None),
            ("images-idx3-ubyte", None),
            ("constrain-images-idx3-ubyte", None),
            ("train-images-idx3-ubyte.gz.part", None),
            ("", None),
        ] {
            assert_eq!(which(name), found, "{name}");
        }
    }

    #[test]
    fn the_usual_name_comes_first_and_a_choice_of_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let add = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        let chosen = || find(folder.path()).map(|(_, [images, _])| images.file_name().unwrap().to_owned());
        add("t10k-labels.idx1-ubyte");
        add("a-test-images.gz");
        assert_eq!(chosen().unwrap(), "a-test-images.gz");
        add("a-test-images");
        assert_eq!(chosen().unwrap(), "a-test-images");
        add("b-test-images");
        let message = chosen().unwrap_err().to_string();
        assert!(
            message.contains("a-test-images, a-test-images.gz, b-test-images may all be t10k-images-idx3-ubyte"),
            "{message}"
        );
        add("t10k-images-idx3-ubyte.gz");
        assert_eq!(chosen().unwrap(), "t10k-images-idx3-ubyte.gz");
        // Some unpackers make folders of that name.
        fs::create_dir(folder.path().join("t10k-images-idx3-ubyte")).unwrap();
        assert_eq!(chosen().unwrap(), "t10k-images-idx3-ubyte.gz");
        assert!(find(&folder.path().join("none")).unwrap_err().to_string().contains("none: the folder does not exist"));
        assert!(
            find(&folder.path().join("t10k-images-idx3-ubyte.gz")).unwrap_err().to_string().contains("is not a folder")
        );
    }
}

//! Which files, as `--data` names them.

use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where data is read from. A path may have any bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) enum DataSource {
    Mnist(PathBuf),
    Svmlight(PathBuf),
    Csv(PathBuf),
    /// Inputs and targets.
    Npy(PathBuf, PathBuf),
    /// Inputs alone, to predict.
    NpyInputs(PathBuf),
    Npz(PathBuf),
}

/// A source in a file: its text, or the bytes of a text that is no UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "data is a text KIND:PATH")]
enum Written {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

const FORMS: &str = "write mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:INPUTS.npy,TARGETS.npy";

/// What is wrong with inputs alone.
pub(crate) const NO_TARGETS: &str = "targets are needed, too: write npy:INPUTS.npy,TARGETS.npy";

impl DataSource {
    /// The files, or the folder.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Mnist(path) | Self::Svmlight(path) | Self::Csv(path) | Self::NpyInputs(path) | Self::Npz(path) => {
                vec![path]
            }
            Self::Npy(inputs, targets) => vec![inputs, targets],
        }
    }

    /// Reads `KIND:PATH` of data with targets.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, String> {
        match Self::parse_inputs(text)? {
            Self::NpyInputs(_) => Err(FORMS.into()),
            source => Ok(source),
        }
    }

    /// Reads `KIND:PATH` of data that need not have targets.
    pub(crate) fn parse_inputs(text: &OsStr) -> Result<Self, String> {
        let (kind, path) = split_once(text, b':').filter(|(_, path)| !path.is_empty()).ok_or(FORMS)?;
        match kind.to_str() {
            Some("mnist") => Ok(Self::Mnist(path.into())),
            Some("svmlight") => Ok(Self::Svmlight(path.into())),
            Some("csv") => Ok(Self::Csv(path.into())),
            Some("npz") => Ok(Self::Npz(path.into())),
            Some("npy") => match split_once(path, b',') {
                Some((inputs, targets)) if !inputs.is_empty() && !targets.is_empty() => {
                    Ok(Self::Npy(inputs.into(), targets.into()))
                }
                None => Ok(Self::NpyInputs(path.into())),
                Some(_) => Err(FORMS.into()),
            },
            _ => Err(format!("unknown kind of data {kind:?}: {FORMS}")),
        }
    }

    /// What it was parsed from.
    fn text(&self) -> OsString {
        let (kind, path) = match self {
            Self::Mnist(path) => ("mnist:", path),
            Self::Svmlight(path) => ("svmlight:", path),
            Self::Csv(path) => ("csv:", path),
            Self::Npz(path) => ("npz:", path),
            Self::Npy(inputs, _) | Self::NpyInputs(inputs) => ("npy:", inputs),
        };
        let mut text = OsString::from(kind);
        text.push(path);
        if let Self::Npy(_, targets) = self {
            text.push(",");
            text.push(targets);
        }
        text
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Npy(inputs, _) | Self::NpyInputs(inputs) => inputs,
            Self::Mnist(path) | Self::Svmlight(path) | Self::Csv(path) | Self::Npz(path) => path,
        }
    }

    /// For people.
    pub(crate) fn file_name(&self) -> String {
        let path = self.path();
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }
}

impl TryFrom<Written> for DataSource {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Text(text) => Self::parse(OsStr::new(&text)),
            Written::Bytes { bytes } => Self::parse(&from_bytes(bytes)?),
        }
    }
}

impl From<DataSource> for Written {
    fn from(source: DataSource) -> Self {
        match source.text().into_string() {
            Ok(text) => Self::Text(text),
            Err(text) => Self::Bytes { bytes: text.into_encoded_bytes() },
        }
    }
}

/// The parts before and after the first of this ASCII character.
#[cfg(unix)]
fn split_once(text: &OsStr, at: u8) -> Option<(&OsStr, &OsStr)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = text.as_bytes();
    let middle = bytes.iter().position(|&byte| byte == at)?;
    Some((OsStr::from_bytes(&bytes[..middle]), OsStr::from_bytes(&bytes[middle + 1..])))
}

/// The same of Unicode: elsewhere than on Unix a path can be cut at characters only.
#[cfg(not(unix))]
fn split_once(text: &OsStr, at: u8) -> Option<(&OsStr, &OsStr)> {
    let (before, after) = text.to_str()?.split_once(char::from(at))?;
    Some((before.as_ref(), after.as_ref()))
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> Result<OsString, String> {
    Ok(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> Result<OsString, String> {
    String::from_utf8(bytes).map(Into::into).map_err(|_| "a path that only a Unix system has".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sources_are_parsed_or_explained() {
        let parse = |text: &str| DataSource::parse(OsStr::new(text));
        assert_eq!(parse("csv:a:b.csv"), Ok(DataSource::Csv("a:b.csv".into())));
        assert_eq!(parse("mnist:/d"), Ok(DataSource::Mnist("/d".into())));
        let npy = parse("npy:a.npy,b.npy").unwrap();
        assert_eq!((&npy, npy.text()), (&DataSource::Npy("a.npy".into(), "b.npy".into()), "npy:a.npy,b.npy".into()));
        for bad in ["", "x.csv", "csv:", "arff:x", "npy:a.npy", "npy:a.npy,", "npy:,b.npy"] {
            let error = parse(bad).unwrap_err();
            assert!(error.contains("write mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:"), "{bad}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn any_path_survives_a_file() {
        use std::os::unix::ffi::OsStrExt;
        for text in [&b"csv:a.csv"[..], b"csv:\xff\xfe.csv", b"npy:\xe9,b\xe9.npy"] {
            let source = DataSource::parse(OsStr::from_bytes(text)).unwrap();
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<DataSource>(&json).unwrap(), source, "{json}");
            let table = toml::Value::try_from(&source).unwrap();
            assert_eq!(table.try_into::<DataSource>().unwrap(), source);
            assert_eq!(source.text().as_bytes(), text);
        }
    }
}

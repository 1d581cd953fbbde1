//! Files that are written: whole or not at all.
//!
//! | what the path names | what becomes of it |
//! | --- | --- |
//! | nothing yet | a new file, with the permissions that the process gives to new files |
//! | a regular file | replaced, once the new one is complete and on the disk; it keeps its permissions, owner and group |
//! | a regular file with other names (hard links), one that another file cannot take the place of (a mount point, in a folder that may not be written to or is sticky), or whose owner or group this process cannot give to another | written in place, once there is room for all of it |
//! | a link | stays; what it names is written, whether or not that exists |
//! | a device (`/dev/null`), a pipe | written to, never replaced |
//! | a folder, a socket, a disk; a file that standard output goes to | refused |
//!
//! Whatever fails, a file that was there before is left as it was; but for one that is written in place, if the disk itself fails, or the
//! process is ended in the middle of it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Error, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// Whether [`write()`] can be expected to work, found out without a change to what is there: call it before work whose result is to be
/// written.
///
/// # Errors
/// As [`write()`], but for what only shows when bytes are written, such as a full disk.
pub fn check(path: &Path) -> io::Result<()> {
    match Target::of(path)? {
        Target::New(path) => temporary(&path).map(drop),
        // Written in place, if nothing can be made beside it.
        Target::Existing(path, _) => OpenOptions::new().write(true).open(&path).map(drop),
        Target::Stream => Ok(()),
    }
}

/// Makes `bytes` the content of the file.
///
/// # Errors
/// If the folder is missing or may not be written to, the file may not be written to, the path names what is no file, or the disk
/// is full.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match Target::of(path)? {
        Target::New(path) => {
            complete(&path, bytes)?.persist(&path).map_err(|failed| failed.error)?;
            sync_folder(&path)
        }
        Target::Existing(path, before) => {
            let file = OpenOptions::new().write(true).open(&path)?;
            if has_other_names(&before) || !replace(&path, &before, bytes)? {
                return in_place(file, bytes);
            }
            sync_folder(&path)
        }
        Target::Stream => OpenOptions::new().write(true).open(path)?.write_all(bytes),
    }
}

/// [`write()`] under a name that nothing has yet.
///
/// # Errors
/// As there, and [`AlreadyExists`](ErrorKind::AlreadyExists).
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    complete(path, bytes)?.persist_noclobber(path).map_err(|failed| failed.error)?;
    sync_folder(path)
}

/// What is to be written, links followed.
enum Target {
    New(PathBuf),
    Existing(PathBuf, Metadata),
    /// Written to by its own path.
    Stream,
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        let refuse = |message: &str| Err(Error::new(ErrorKind::InvalidInput, message));
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => refuse("it is a folder: name a file in it"),
            Ok(found) if found.is_file() => match followed(path)? {
                Some(path) => Ok(Self::Existing(path, found)),
                // It is open already, and what is written there besides would destroy it.
                None => {
                    refuse("it is an open file of this process, such as its standard output: give the file's own name")
                }
            },
            Ok(found) if is_stream(&found) => Ok(Self::Stream),
            Ok(_) => refuse("it is neither a file nor a pipe or device that text can be written to"),
            Err(error) if error.kind() == ErrorKind::NotFound => match followed(path)? {
                Some(path) if path.file_name().is_none() || ends_as_folder(&path) => refuse("it does not name a file"),
                Some(path) => Ok(Self::New(path)),
                None => refuse("it is no open file of this process"),
            },
            Err(error) => Err(error),
        }
    }
}

/// The path that is left when all links at its end are followed; none if that leads through the system's table of open files.
fn followed(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let folder = folder(&path);
        let real = fs::canonicalize(folder).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(error.kind(), format!("the folder {} does not exist", folder.display())),
            ErrorKind::NotADirectory => Error::new(error.kind(), format!("{} is not a folder", folder.display())),
            kind => Error::new(kind, format!("the folder {}: {error}", folder.display())),
        })?;
        if !real.is_dir() {
            return Err(Error::new(ErrorKind::NotADirectory, format!("{} is not a folder", folder.display())));
        }
        if real.starts_with("/proc") {
            return Ok(None);
        }
        let Ok(target) = fs::read_link(&path) else { return Ok(Some(path)) };
        path = folder.join(target);
    }
    Err(Error::new(ErrorKind::InvalidInput, "it is a link in a circle, or too many links in a row"))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the path ends with a separator.
fn ends_as_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&byte| std::path::is_separator(byte.into()))
}

#[cfg(unix)]
fn is_stream(found: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.file_type().is_char_device() || found.file_type().is_fifo()
}
#[cfg(not(unix))]
fn is_stream(_: &Metadata) -> bool {
    false
}

/// An empty file in the folder of `path`, for everyone whom the process lets read its files; gone when dropped.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)); // the system takes away what the umask says
    }
    let folder = folder(path);
    builder.tempfile_in(folder).map_err(|error| {
        // Of this one the name is of no interest, and not what was asked for.
        let text = error.to_string();
        let cause = text.split(" at path ").next().unwrap_or_default();
        Error::new(error.kind(), format!("no file can be made in the folder {}: {cause}", folder.display()))
    })
}

/// A file beside `path` that has all bytes, on the disk.
fn complete(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = temporary(path)?;
    fill(&mut file, bytes)?;
    Ok(file)
}

/// Writes to the file itself: the errors of [`NamedTempFile`] name a path that nobody asked for.
fn fill(file: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
    file.as_file_mut().write_all(bytes)?;
    file.as_file().sync_all()
}

/// Puts a file with all bytes in the place of another, with its access; says whether that is possible.
fn replace(path: &Path, before: &Metadata, bytes: &[u8]) -> io::Result<bool> {
    let Ok(mut file) = temporary(path) else { return Ok(false) };
    if keep_access(file.as_file(), before).is_err() {
        return Ok(false);
    }
    fill(&mut file, bytes)?;
    Ok(file.persist(path).is_ok())
}

/// Gives the file the owner, group and permissions of another.
fn keep_access(file: &File, before: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
            fchown(file, Some(before.uid()), Some(before.gid()))?;
        }
    }
    file.set_permissions(before.permissions())
}

/// Makes `bytes` the content of an open file. It is made as long as they are before anything in it is overwritten, so that a full disk
/// leaves it as it was.
fn in_place(mut file: File, bytes: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    let kept = bytes.len().min(usize::try_from(length).unwrap_or(usize::MAX));
    let mut grow = || {
        file.seek(io::SeekFrom::Start(kept as u64))?;
        if bytes.len() as u64 > length {
            file.write_all(&bytes[kept..])?;
            file.sync_all()?;
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = grow() {
        // Of the old bytes none has changed.
        let _ = file.set_len(length);
        return Err(error);
    }
    file.seek(io::SeekFrom::Start(0))?;
    file.write_all(&bytes[..kept])?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

#[cfg(unix)]
fn has_other_names(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.nlink() > 1
}
#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// Puts the new name on the disk, where folders can be opened.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        // Some file systems cannot; the file itself is on the disk.
        let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path, wanted: &str) {
        for error in [check(path).unwrap_err(), write(path, b"x").unwrap_err()] {
            assert!(error.to_string().contains(wanted), "{}: {error}", path.display());
        }
    }

    #[test]
    fn a_file_is_made_and_replaced_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        check(&path).unwrap();
        assert!(!path.exists(), "a check makes nothing");
        for content in ["one", "two"] {
            write(&path, content.as_bytes()).unwrap();
            check(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        let taken = write_new(&path, b"three").unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        refused(dir.path(), "it is a folder");
        refused(&dir.path().join("none").join("x"), "none does not exist");
        refused(&dir.path().join("none/"), "it does not name a file");
        fs::write(dir.path().join("file"), "").unwrap();
        let below = dir.path().join("file").join("x");
        assert!(check(&below).is_err() && write(&below, b"x").is_err());
        refused(Path::new(""), "");
        // Where not even root can make a file.
        if cfg!(target_os = "linux") {
            let message = check(Path::new("/sys/simdescent")).unwrap_err().to_string();
            assert!(message.contains("in the folder /sys") && !message.contains(".tmp"), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_permissions_too() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o7777;
        fs::create_dir(at("store")).unwrap();
        symlink("store/new", at("latest")).unwrap();
        symlink("latest", at("link")).unwrap();
        for content in ["one", "two"] {
            check(&at("link")).unwrap();
            write(&at("link"), content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(at("store/new")).unwrap(), content);
            assert!(at("link").is_symlink() && at("latest").is_symlink());
        }
        assert_eq!(fs::read_dir(at("store")).unwrap().count(), 1);
        // What `File::create` gives under the umask of this process.
        File::create(at("plain")).unwrap();
        assert_eq!(mode("link"), mode("plain"));
        for bits in [0o640, 0o604, 0o755] {
            fs::set_permissions(at("store/new"), fs::Permissions::from_mode(bits)).unwrap();
            write(&at("link"), b"three").unwrap();
            assert_eq!(mode("store/new"), bits);
        }
        symlink("circle", at("circle")).unwrap();
        assert!(check(&at("circle")).is_err() && write(&at("circle"), b"x").is_err());
        symlink("nowhere/x", at("dangling")).unwrap();
        refused(&at("dangling"), "nowhere does not exist");
    }

    #[cfg(unix)]
    #[test]
    fn other_names_and_group_stay() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("one"), "before").unwrap();
        fs::hard_link(at("one"), at("two")).unwrap();
        fs::set_permissions(at("one"), fs::Permissions::from_mode(0o640)).unwrap();
        // Only root may give files away.
        let group =
            if chown(at("one"), None, Some(12_345)).is_ok() { 12_345 } else { fs::metadata(at("one")).unwrap().gid() };
        for content in ["longer than before", "short", ""] {
            check(&at("two")).unwrap();
            write(&at("two"), content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(at("one")).unwrap(), content);
        }
        fs::remove_file(at("one")).unwrap();
        write(&at("two"), b"replaced").unwrap();
        let found = fs::metadata(at("two")).unwrap();
        assert_eq!((found.gid(), found.mode() & 0o7777, found.len()), (group, 0o640, 8));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// What a file is written to that nothing can be put in the place of; a disk that is full leaves it as it was.
    #[test]
    fn in_place_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let open = || OpenOptions::new().write(true).open(&path).unwrap();
        for (before, after) in [("abc", "defgh"), ("abcdef", "gh"), ("", "abc")] {
            fs::write(&path, before).unwrap();
            in_place(open(), after.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
        if cfg!(target_os = "linux") {
            let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
            assert_eq!(in_place(full, b"x").unwrap_err().kind(), ErrorKind::StorageFull);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_stay_and_a_full_one_is_an_error() {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::FileTypeExt;
        write(Path::new("/dev/null"), b"x").unwrap();
        let error = write(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        for device in ["/dev/null", "/dev/full"] {
            check(Path::new(device)).unwrap();
            assert!(fs::metadata(device).unwrap().file_type().is_char_device(), "{device}");
        }
        let file = tempfile::tempfile().unwrap();
        refused(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())), "an open file of this process");
    }
}

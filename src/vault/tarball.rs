//! Many files as one: a ustar archive that is the same bytes for the same files.
//!
//! Names are sorted, modes 0644, owners and times zero, so that two sides that pack the same files
//! get the same hash, and `tar -x` opens it. Only one archive stands for a set of files: what does
//! not pack back to the same bytes is refused.
//!
//! Deliberately absent: folders, links, permissions, compression.

use std::io::Read;

/// The most files of one archive.
pub const FILES_MAX: usize = 256;
/// The most bytes of one archive.
pub const PACK_MAX: usize = 48 << 20;
/// The longest name, in bytes: what a ustar header holds.
const NAME_MAX: usize = 100;

/// A named file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// A plain relative name such as `inputs/10-k.txt`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why files cannot be packed, or an archive cannot be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// A name is not plain: letters, digits, `.`, `-`, `_` in parts between `/`, none of them
    /// starting with a dot, at most 100 bytes.
    #[error("not a plain relative name: {0:?}")]
    Name(String),
    /// Two files have one name.
    #[error("two files are named {0:?}")]
    Twice(String),
    /// There are more files than 256.
    #[error("more than {FILES_MAX} files")]
    TooMany,
    /// The archive passes 48 MiB.
    #[error("{0} bytes, an archive has at most {PACK_MAX}")]
    TooLarge(usize),
    /// The archive is not one, or not the one that these files pack to.
    #[error("not an archive as it is packed here: {0}")]
    Malformed(&'static str),
}

/// Packs files into an archive; their order does not matter.
///
/// # Errors
/// [`PackError::Name`], [`PackError::Twice`], [`PackError::TooMany`], [`PackError::TooLarge`].
pub fn pack(files: &[File]) -> Result<Vec<u8>, PackError> {
    if files.len() > FILES_MAX {
        return Err(PackError::TooMany);
    }
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(PackError::Twice(cut(&pair[0].name)));
    }
    // Each file takes a header and whole blocks of 512 bytes, the end two blocks more.
    let size = sorted.iter().map(|file| 512 + file.bytes.len().next_multiple_of(512)).sum::<usize>() + 1024;
    if size > PACK_MAX {
        return Err(PackError::TooLarge(size));
    }
    for file in &sorted {
        check_name(&file.name)?;
    }
    Ok(write(&sorted, size))
}

fn write(files: &[&File], size: usize) -> Vec<u8> {
    const FITS: &str = "invariant: checked names and sizes fit, and writing to memory does not fail";
    let mut archive = tar::Builder::new(Vec::with_capacity(size));
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_path(&file.name).expect(FITS);
        header.set_size(file.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        archive.append(&header, file.bytes.as_slice()).expect(FITS);
    }
    archive.into_inner().expect(FITS)
}

/// Unpacks an archive that [`pack`] made, in order of names.
///
/// # Errors
/// Any [`PackError`]; nothing of a refused archive is given.
pub fn unpack(archive: &[u8]) -> Result<Vec<File>, PackError> {
    if archive.len() > PACK_MAX {
        return Err(PackError::TooLarge(archive.len()));
    }
    let malformed = |_| PackError::Malformed("it cannot be read");
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries().map_err(malformed)? {
        let entry = entry.map_err(malformed)?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(PackError::Malformed("there is something else than plain files in it"));
        }
        if files.len() == FILES_MAX {
            return Err(PackError::TooMany);
        }
        let name = String::from_utf8(entry.path_bytes().into_owned());
        let name = name.map_err(|_| PackError::Malformed("a name is not text"))?;
        check_name(&name)?;
        let mut bytes = Vec::new();
        entry.take(PACK_MAX as u64).read_to_end(&mut bytes).map_err(malformed)?;
        files.push(File { name, bytes });
    }
    if pack(&files)? != archive {
        return Err(PackError::Malformed("its files pack to other bytes"));
    }
    Ok(files)
}

fn check_name(name: &str) -> Result<(), PackError> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    if name.len() <= NAME_MAX && name.split('/').all(plain) {
        Ok(())
    } else {
        Err(PackError::Name(cut(name)))
    }
}

fn cut(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

//! Opens what is sealed in a bundle with one age identity, and has it checked against its ids.
//!
//! A regulator's or juror's identity opens the wrapped identities that are meant for it; each of
//! those opens the packages of one class. An identity of a class opens its package directly. What is
//! opened stays in memory and is forgotten.
//!
//! Deliberately absent: printing or writing what was opened; the stock `age` does that.

use std::collections::BTreeMap;

use nuncio_protocol::audit::{Files, Finding, Report, check_opened};
use zeroize::Zeroizing;

use crate::{sealing, vault};

/// Opens every package that this identity reaches; each is noted in the report.
///
/// Nothing that opens is a finding: whoever names an identity means it to open something.
pub fn open(files: &Files, identity: &str, report: &mut Report) {
    let mut identities: BTreeMap<String, Zeroizing<String>> = BTreeMap::new();
    for (path, bytes) in files {
        let Some(class) = wrapped_class(path) else { continue };
        let Ok(text) = sealing::open(identity, bytes) else { continue };
        if let Ok(text) = std::str::from_utf8(&text) {
            identities.insert(class.to_owned(), Zeroizing::new(text.to_owned()));
        }
    }
    let mut opened = 0;
    for (path, bytes) in files {
        let Some(class) = package_class(path) else { continue };
        let key = identities.get(class).map_or(identity, |inner| inner.as_str());
        let Ok(archive) = sealing::open(key, bytes) else { continue };
        opened += 1;
        match vault::unpack(&archive) {
            Ok(package) => {
                let package: Files = package.into_iter().map(|file| (file.name, file.bytes)).collect();
                check_opened(files, path, &package, report);
            }
            Err(error) => refuse(report, path, "package", error.to_string()),
        }
    }
    if opened == 0 {
        refuse(report, "sealed", "identity", "the identity opens nothing in this bundle".to_owned());
    }
}

fn refuse(report: &mut Report, file: &str, rule: &'static str, message: String) {
    report.findings.push(Finding { file: file.to_owned(), offset: None, rule, message });
    report.ok = false;
}

/// The class of `sealed/regulators/<class>.<recipient>.age`.
fn wrapped_class(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("sealed/")?;
    let name = rest.strip_prefix("regulators/").or_else(|| rest.strip_prefix("jurors/"))?;
    name.split('.').next()
}

/// The class of `sealed/<class>.age`.
fn package_class(path: &str) -> Option<&str> {
    path.strip_prefix("sealed/")?.strip_suffix(".age").filter(|class| !class.contains('/'))
}

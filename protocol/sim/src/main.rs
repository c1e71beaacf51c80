//! The simulator's command line: long runs that no test waits for.
//!
//! ```text
//! nuncio-sim differential --sequences N --seed S [--threads T] [--json FILE]
//! ```
//!
//! Prints each difference with its seed and its shortest steps, and one JSON object last. Exit 0: no
//! difference; 1: a difference; 2: usage.
//!
//! Deliberately absent: a clock, so the object does not say how long it took.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
};

use nuncio_sim::differential::Report;

const USAGE: &str = "usage: nuncio-sim differential --sequences N --seed S [--threads T] [--json FILE]";
const THREADS_MAX: u64 = 256;

/// What the command line asks for.
struct Wish {
    sequences: u64,
    seed: u64,
    threads: u64,
    json: Option<String>,
}

impl Wish {
    fn read(words: &[String]) -> Option<Self> {
        let (command, options) = words.split_first()?;
        let known = ["--sequences", "--seed", "--threads", "--json"];
        let pairs: BTreeMap<&str, &str> =
            options.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect();
        let whole = options.len().is_multiple_of(2) && pairs.len() * 2 == options.len();
        let legal = command == "differential" && whole && pairs.keys().all(|name| known.contains(name));
        let number = |name: &str| pairs.get(name)?.parse::<u64>().ok();
        let threads = if pairs.contains_key("--threads") { number("--threads")? } else { 1 };
        let wish = Self {
            sequences: number("--sequences")?,
            seed: number("--seed")?,
            threads,
            json: pairs.get("--json").map(|file| (*file).to_owned()),
        };
        (legal && (1..=THREADS_MAX).contains(&threads)).then_some(wish)
    }
}

fn main() -> io::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(wish) = Wish::read(&words) else {
        writeln!(io::stderr(), "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    let report = Report::of(wish.seed, &(0..wish.sequences), wish.threads);
    for difference in &report.differences {
        writeln!(io::stderr(), "{difference}")?;
    }
    let json = report.json();
    if let Some(file) = wish.json {
        std::fs::write(file, format!("{json:#}\n"))?;
    }
    writeln!(io::stdout(), "{json}")?;
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

//! The numbers as a program reads them, schema `nuncio.bench/1`, and as a person does.
//!
//! ```json
//! {"schema":"nuncio.bench/1","bytes":[1700,1700],"rounds":7,"bare_per_s":1.0,"nuncio_per_s":1.0,"ratio":1.0}
//! ```
//!
//! Deliberately absent: the machine. Whoever compares two reports knows where they were made.

use std::fmt;

use serde::Serialize;

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// `nuncio.bench/1`.
    pub schema: &'static str,
    /// Bytes of one cycle, there and back.
    pub bytes: [usize; 2],
    /// Times that each was measured.
    pub rounds: usize,
    /// Cycles per second of the bare stream, median.
    pub bare_per_s: f64,
    /// Cycles per second of the negotiation, median.
    pub nuncio_per_s: f64,
    /// The second by the first.
    pub ratio: f64,
}

impl BenchReport {
    /// The medians of samples, each the bare stream's rate and the negotiation's.
    #[must_use]
    pub fn new(bytes: [usize; 2], samples: &[(f64, f64)]) -> Self {
        let bare_per_s = median(samples.iter().map(|sample| sample.0).collect());
        let nuncio_per_s = median(samples.iter().map(|sample| sample.1).collect());
        Self {
            schema: "nuncio.bench/1",
            bytes,
            rounds: samples.len(),
            bare_per_s,
            nuncio_per_s,
            ratio: nuncio_per_s / bare_per_s,
        }
    }
}

/// The middle value; of an even number the lower of the two. 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |per_s: f64| 1e6 / per_s;
        let [there, back] = self.bytes;
        writeln!(f)?;
        writeln!(f, "one cycle: {there} bytes there, {back} back; medians of {} rounds", self.rounds)?;
        writeln!(f, "{:<22} {:>12} {:>12}", "", "cycles/s", "µs/cycle")?;
        for (name, rate) in [("bare libp2p stream", self.bare_per_s), ("negotiation", self.nuncio_per_s)] {
            writeln!(f, "{name:<22} {rate:>12.0} {:>12.1}", micros(rate))?;
        }
        writeln!(f, "{:<22} {:>12.3}", "ratio", self.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_its_schema_and_the_medians() {
        let samples = [(100.0, 60.0), (10_000.0, 1.0), (90.0, 50.0), (110.0, 55.0), (1.0, 70.0)];
        let report = BenchReport::new([1700, 1710], &samples);
        let expected = serde_json::json!({
            "schema": "nuncio.bench/1", "bytes": [1700, 1710], "rounds": 5,
            "bare_per_s": 100.0, "nuncio_per_s": 55.0, "ratio": 0.55,
        });
        assert_eq!(serde_json::to_value(report).unwrap(), expected);
    }
}

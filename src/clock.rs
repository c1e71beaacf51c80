//! The only place where the daemon reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use nuncio_protocol::time::Timestamp;

/// Now, in milliseconds since the Unix epoch; a clock before 1970 reads as its beginning.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

//! Waiting for something to become true, with an end.
//!
//! Nothing in this crate sleeps for a guessed time: it asks again until the answer is there, and
//! says what it waited for when it is not.

use std::time::{Duration, Instant};

/// The first pause between two questions; each next one is longer, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// The longest pause between two questions.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Says what did not happen in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waited {waited:.1?} for: {what}")]
pub struct Late {
    /// What was waited for.
    pub what: String,
    /// How long.
    pub waited: Duration,
}

/// Asks until there is an answer. May be dropped at any pause.
///
/// # Errors
/// [`Late`] after `patience`.
pub async fn within<T>(
    what: impl Into<String>,
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> Result<T, Late> {
    let start = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        if start.elapsed() >= patience {
            return Err(Late { what: what.into(), waited: start.elapsed() });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_ends_the_wait_and_silence_ends_it_too() {
        let mut asked = 0;
        let third = within("a third time", Duration::from_secs(5), async || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(third.await, Ok(3));
        let never = within("nothing", Duration::from_millis(20), async || None::<()>).await;
        assert_eq!(never.unwrap_err().what, "nothing");
    }
}

//! How much memory each daemon had at most while the deal went on, as it says itself.
//!
//! Every node is asked once a second; a node that does not answer at that moment is asked again at the next.
//!
//! Deliberately absent: a limit. What is found is reported.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde::Deserialize;

use super::{DemoError, report::Memory, stage::Stage};
use crate::{cluster::Token, node_api::NodeApi};

/// Time between two questions.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Resident {
    rss_bytes: u64,
}

/// The most that was seen so far.
#[derive(Debug)]
pub(super) struct Peak {
    nodes: Vec<(String, NodeApi)>,
    most: Vec<u64>,
    next: Instant,
}

impl Peak {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// [`DemoError`] where a node cannot be reached.
    pub(super) fn new(stage: &Stage) -> Result<Self, DemoError> {
        let reached = stage.nodes.iter().map(|node| Ok((node.name().to_owned(), node.api(Token::Readonly)?)));
        let nodes: Vec<_> = reached.collect::<Result<_, DemoError>>()?;
        let most = vec![0; nodes.len()];
        Ok(Self { nodes, most, next: Instant::now() })
    }

    /// Asks every node, if it is time to.
    pub(super) async fn look(&mut self) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + EVERY;
        let said = join_all(self.nodes.iter().map(|(_, api)| api.get::<Resident>("/status"))).await;
        for (most, said) in self.most.iter_mut().zip(said) {
            *most = said.map_or(*most, |now| now.rss_bytes.max(*most));
        }
    }

    /// The most of each node, in the order of the cast.
    pub(super) fn report(&self) -> Vec<Memory> {
        let seen = self.nodes.iter().zip(&self.most);
        seen.map(|((who, _), most)| Memory { who: who.clone(), rss_bytes_max: *most }).collect()
    }
}

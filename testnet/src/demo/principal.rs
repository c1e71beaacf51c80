//! The buyer's principal: reads what waits for it by the command line, signs it with its own key, and
//! hands the signature in.
//!
//! Its key is in this process, which the agent program cannot reach; the node never sees it.
//!
//! Deliberately absent: judgement. This principal approves whatever its own limits let through.

use alloy::primitives::{B256, aliases::U40};
use nuncio_protocol::typed::Approve;
use serde_json::{Value, json};

use super::{DemoError, cast::BUYER, narrator::Narrator, stage::Stage};
use crate::cluster::Token;

/// Approves the deal that waits, after making sure that the agent's token cannot.
pub(super) async fn approve(stage: &Stage, deal: &str, narrator: &mut Narrator) -> Result<(), DemoError> {
    let (buyer, principal) = (stage.buyer(), &stage.principals[BUYER]);
    let shown: Value = buyer.ask(&["approvals", "show", deal, "--json"]).await?;
    let message = &shown["typed_data"]["message"];
    let broken = |what: &str| DemoError::Broken(format!("the approval of {deal} has no {what}: {shown}"));
    let digest: B256 =
        message["deal"].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| broken("deal"))?;
    let until = message["until"].as_u64().ok_or_else(|| broken("deadline"))?;
    narrator.tell("buyer's principal", &format!("is asked for {} micro-USDC", shown["price"]));
    let approve = Approve { deal: digest, until: U40::saturating_from(until) };
    let signature = principal.sign(&approve, stage.chain.contracts());
    let path = format!("/approvals/{deal}");
    let body = json!({ "signature": signature });
    if buyer.api(Token::Agent)?.post::<Value>(&path, &body).await.is_ok() {
        return Err(DemoError::Broken("an agent's token handed in an approval".into()));
    }
    let file = stage.places.write("approval.txt", signature.to_string().as_bytes())?;
    let file = file.to_string_lossy();
    let _: Value = buyer.ask(&["approvals", "approve", deal, "--signature", &file, "--json"]).await?;
    narrator.tell("buyer's principal", "approved it with its own key");
    Ok(())
}

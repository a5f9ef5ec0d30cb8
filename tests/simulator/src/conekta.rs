//! stub
use crate::{clock::Clock, fault::{FaultBoard, Place}, listen, http};
use std::sync::Arc;
/// stub
#[derive(Debug)]
pub struct Conekta { faults: Arc<FaultBoard> }
impl Conekta {
 /// stub
 pub fn new(_c: Arc<Clock>, faults: Arc<FaultBoard>) -> Self { Self{faults} }
 /// stub
 pub fn set_url(&self, _u:&str) {}
 /// stub
 pub fn everything(&self) -> (Vec<serde_json::Value>, Vec<serde_json::Value>) { (vec![],vec![]) }
}
/// stub
pub async fn serve(listener: tokio::net::TcpListener, c: Arc<Conekta>) {
    listen::accept(listener, &c.faults, Some(Place::Conekta), |stream, away| http::serve(stream, away, |_r| async { Err(http::Cut) })).await;
}

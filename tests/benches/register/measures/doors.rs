//! Echoes and door checks.

use super::Bench;
use crate::{
    caller,
    child::Server,
    library::size::CONNECTIONS,
    load::{Point, closed_loop},
    machine::Meter,
    options::Measure,
    report::{Goal, Report, Row},
};
use std::sync::Arc;
use tonic::transport::{Channel, Endpoint};

/// Mutual TLS against plain TCP.
const TLS_GOAL: f64 = 0.8;

/// Door checks, each with its committed audit row, against echoes.
const DOOR_GOAL: f64 = 0.3;

pub(super) async fn run(bench: &Bench<'_>, report: &mut Report) {
    let options = bench.options;
    let (echo, door) = (options.wants(Measure::Echo), options.wants(Measure::Door));
    if !echo && !door {
        return;
    }
    let baselines = Server::start_baselines(&bench.library).await;
    let meter = Meter { server: Some(baselines.pid()), ..bench.meter };
    let mutual: Arc<[Channel]> = baselines.kiosks(&bench.library).await.into();
    let plain = plain(baselines.other_ports[1]).await;
    let name = bench.engine();
    let mut tls = Row::new("echo, mutual TLS / plain", name, "/s")
        .at(64)
        .against("plain TCP")
        .goal(Goal::AtLeast(TLS_GOAL));
    let mut edge = Row::new("echo, the register's edge / bare tonic", name, "/s")
        .at(64)
        .against("bare tonic, mutual TLS");
    let mut doors = CONNECTIONS.map(|connections| {
        let row = Row::new("door check / echo", name, "/s").at(connections).against("echo, mutual TLS");
        if connections == 64 { row.goal(Goal::AtLeast(DOOR_GOAL)) } else { row }
    });
    for _ in 0..options.rounds() {
        for (connections, row) in CONNECTIONS.into_iter().zip(&mut doors) {
            let floor = echoes(bench, &mutual, &meter, connections).await;
            if door {
                row.point(&bench.door_checks(connections).await, floor.rate);
            }
            if echo && connections == 64 {
                tls.point(&floor, echoes(bench, &plain, &meter, connections).await.rate);
                edge.point(&echoes(bench, &bench.kiosks, &bench.meter, connections).await, floor.rate);
            }
        }
    }
    if echo {
        report.add(tls);
        report.add(edge);
    }
    if door {
        doors.into_iter().for_each(|row| report.add(row));
    }
}

async fn echoes(bench: &Bench<'_>, channels: &Arc<[Channel]>, meter: &Meter, connections: usize) -> Point {
    let channels = Arc::clone(channels);
    closed_loop(meter, connections, bench.options.span(), move |caller, _| {
        caller::echo(channels[caller].clone())
    })
    .await
}

async fn plain(port: u16) -> Arc<[Channel]> {
    let mut channels = Vec::with_capacity(CONNECTIONS[2]);
    for _ in 0..CONNECTIONS[2] {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("an address");
        channels.push(endpoint.tcp_nodelay(true).connect().await.expect("a connection"));
    }
    channels.into()
}

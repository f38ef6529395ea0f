//! One POST over HTTP/1.1, bounded in time and size: all that a webhook needs.

use super::NoticesFault;
use crate::tls::crypto;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Where to post, over TLS or to this machine itself.
pub(super) struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
}

/// There was no answer in time, or none that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoAnswer;

impl Endpoint {
    /// An endpoint whose certificate is judged by these authorities (PEM), or by those of the Mozilla programme.
    ///
    /// # Errors
    /// [`NoticesFault`].
    pub(super) fn new(url: &str, authority: Option<&Path>, timeout: Duration) -> Result<Self, NoticesFault> {
        let unusable =
            || NoticesFault::Unusable { key: "notices.webhook.url", right: "https://host/path".to_owned() };
        let uri: Uri = url.parse().map_err(|_| unusable())?;
        let host = uri.host().ok_or_else(unusable)?.trim_matches(['[', ']']).to_owned();
        let secure = uri.scheme_str() == Some("https");
        let tls = if secure {
            let config = ClientConfig::builder_with_provider(crypto::provider())
                .with_safe_default_protocol_versions()
                .map_err(|_| unusable())?
                .with_root_certificates(roots(authority)?)
                .with_no_client_auth();
            let name = ServerName::try_from(host.clone()).map_err(|_| unusable())?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { uri, host, port, tls, timeout })
    }

    /// Posts JSON with these headers; gives the status and what was answered.
    pub(super) async fn post(
        &self,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), NoAnswer> {
        let whole = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|_| NoAnswer)?;
            match &self.tls {
                None => self.exchange(stream, headers, body).await,
                Some((connector, name)) => {
                    let stream = connector.connect(name.clone(), stream).await.map_err(|_| NoAnswer)?;
                    self.exchange(stream, headers, body).await
                }
            }
        };
        timeout(self.timeout, whole).await.map_err(|_| NoAnswer)?
    }

    async fn exchange<S>(
        &self,
        stream: S,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), NoAnswer>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "kortisto");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| NoAnswer)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| NoAnswer)?;
        let exchanged = async {
            let answer = sender.send_request(request).await.map_err(|_| NoAnswer)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok((status, body.map(http_body_util::Collected::to_bytes).unwrap_or_default()))
        };
        // The connection does the work while the exchange waits; it never ends first without an answer or an error.
        let (exchanged, _) = tokio::join!(exchanged, async {
            let _ = connection.await;
        });
        exchanged
    }
}

fn roots(authority: Option<&Path>) -> Result<RootCertStore, NoticesFault> {
    let mut roots = RootCertStore::empty();
    let Some(path) = authority else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let pem = std::fs::read(path).map_err(|error| NoticesFault::File { path: path.to_owned(), error })?;
    let (good, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    if good == 0 { Err(NoticesFault::NoCertificate { path: path.to_owned() }) } else { Ok(roots) }
}

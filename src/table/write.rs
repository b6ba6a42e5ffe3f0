//! Writing tables.

use super::canonical::{self, NotCanonical};
use super::format::{Body, Document, FORMAT, SourceDigest, VERSION};

/// Makes the document around a body.
///
/// # Errors
/// If the body holds a number outside ±(2⁵³−1), or nests too deep.
pub fn seal(body: Body, sources: Vec<SourceDigest>) -> Result<Document, NotCanonical> {
    let value = serde_json::to_value(&body).map_err(|_| NotCanonical::Number)?;
    Ok(Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        digest: canonical::digest(&value)?,
        sources,
        body,
    })
}

/// The bytes of a table's file: canonical JSON with a line break at its end.
///
/// # Errors
/// As for [`seal`].
pub fn bytes(document: &Document) -> Result<Vec<u8>, NotCanonical> {
    let value = serde_json::to_value(document).map_err(|_| NotCanonical::Number)?;
    let mut text = canonical::text(&value)?;
    text.push('\n');
    Ok(text.into_bytes())
}

/// The digest of one source file.
#[must_use]
pub fn source_digest(path: &str, bytes: &[u8]) -> SourceDigest {
    SourceDigest {
        path: path.to_owned(),
        digest: canonical::digest_bytes(bytes),
    }
}

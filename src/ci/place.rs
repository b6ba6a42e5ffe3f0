//! Paths that mean the same on every machine: from the project's root.

use crate::model::load::{join, normalize};

/// The folder that paths are given from.
#[derive(Clone, Debug, Default)]
pub struct Root {
    /// Where the program runs, absolute.
    here: String,
    /// The project's root, absolute.
    root: String,
}

impl Root {
    /// The project's root at `root`, for paths as they are written in the folder `here`; both absolute.
    #[must_use]
    pub fn new(here: &str, root: &str) -> Self {
        Self {
            here: normalize(&here.replace('\\', "/")),
            root: normalize(&root.replace('\\', "/")),
        }
    }

    /// The path from the root to a file, or its absolute path if it lies outside. What is no file,
    /// as `<stdin>`, keeps its name.
    #[must_use]
    pub fn path(&self, file: &str) -> String {
        if file.starts_with('<') || self.root.is_empty() {
            return file.to_string();
        }
        let full = join(&format!("{}/x", self.here), file);
        let root = self.root.trim_end_matches('/');
        full.strip_prefix(root)
            .and_then(|rest| rest.strip_prefix('/'))
            .map_or_else(|| full.clone(), ToString::to_string)
    }

    /// The absolute path of a file that is given from the root.
    #[must_use]
    pub fn full(&self, path: &str) -> String {
        join(&format!("{}/x", self.root), path)
    }
}

/// A path as a reference of URIs: relative if the path is.
#[must_use]
pub fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    let drive = path.get(1..3) == Some(":/");
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if drive {
        uri.push_str("file:///");
    }
    for (at, byte) in path.bytes().enumerate() {
        let kept = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/')
            || drive && at == 1;
        if kept {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_root() {
        let root = Root::new("/home/me/shop/policies", "/home/me/shop");
        assert_eq!(root.path("desk.failway"), "policies/desk.failway");
        assert_eq!(root.path("../a.failway"), "a.failway");
        assert_eq!(root.path("/home/me/shop/a.failway"), "a.failway");
        assert_eq!(root.path("../../b.failway"), "/home/me/b.failway");
        assert_eq!(root.path("<stdin>"), "<stdin>");
        assert_eq!(Root::new("/", "/").path("a.failway"), "a.failway");
        // A folder whose name begins like the root's is another one.
        assert_eq!(
            root.path("/home/me/shopping/a.failway"),
            "/home/me/shopping/a.failway"
        );
    }

    #[test]
    fn uris_are_escaped() {
        assert_eq!(uri("a b/ü#1.failway"), "a%20b/%C3%BC%231.failway");
        assert_eq!(uri("/x/a:b"), "file:///x/a%3Ab");
        assert_eq!(uri("C:/x y"), "file:///C:/x%20y");
        assert_eq!(uri("a:b"), "a%3Ab");
    }
}

//! Pieces of HTML. Whatever comes from a policy goes through [`text`].

use crate::pictures::xml;
use sha2::{Digest, Sha256};

/// Text as it stands in HTML, inside elements and in quoted attributes.
pub(super) fn text(text: &str) -> String {
    xml(text)
}

/// A part of a page with a heading, and a place that links lead to.
pub(super) fn section(id: &str, title: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\" tabindex=\"-1\">{title}</h2>\n{body}</section>\n"
    )
}

/// A column of a table.
pub(super) struct Column {
    /// Its heading.
    pub(super) name: &'static str,
    /// The class of its cells.
    pub(super) class: &'static str,
}

pub(super) const fn column(name: &'static str, class: &'static str) -> Column {
    Column { name, class }
}

/// A table that can be sorted, and searched if it has something to search. Cells are HTML; the first
/// one of a row is its heading.
pub(super) fn table(
    id: &str,
    caption: &str,
    columns: &[Column],
    rows: &[Vec<String>],
    filters: &str,
) -> String {
    let mut out = format!(
        "<div class=\"tools\" data-for=\"{id}\" hidden><label>Search <input type=\"search\" autocomplete=\"off\" \
         spellcheck=\"false\"></label>{filters}<output aria-live=\"polite\"></output></div>\n\
         <div class=\"wide\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n\
         <table id=\"{id}\" class=\"sortable\"><caption>{caption}</caption>\n<thead><tr>"
    );
    for column in columns {
        out += &format!(
            "<th scope=\"col\" class=\"{}\">{}</th>",
            column.class, column.name
        );
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in rows {
        out += "<tr>";
        for (i, (cell, column)) in row.iter().zip(columns).enumerate() {
            if i == 0 {
                out += &format!("<th scope=\"row\" class=\"{}\">{cell}</th>", column.class);
            } else {
                out += &format!("<td class=\"{}\">{cell}</td>", column.class);
            }
        }
        out += "</tr>\n";
    }
    out += "</tbody></table>\n</div>\n";
    out
}

/// A choice above a table: rows stay whose cell in that column begins with what was chosen.
pub(super) fn choice(name: &str, column: usize, all: &[&str]) -> String {
    let mut out =
        format!("<label>{name} <select data-column=\"{column}\"><option value=\"\">all</option>");
    for one in all {
        let one = text(one);
        out += &format!("<option>{one}</option>");
    }
    out += "</select></label>";
    out
}

/// Data for the page's own program. Nothing in it can end the element.
pub(super) fn data(id: &str, value: &serde_json::Value) -> String {
    let json = value.to_string().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
}

/// The source expression by which a content security policy allows exactly this text.
pub(super) fn allowed(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let mut bits = 0_u32;
        for i in 0..3 {
            bits = bits << 8 | u32::from(three.get(i).copied().unwrap_or(0));
        }
        for i in 0..4_usize {
            let digit = (bits >> (18 - 6 * i)) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'A');
            out.push(if i > three.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let all = ["", "f", "fo", "foo", "foobar"].map(|t| base64(t.as_bytes()));
        assert_eq!(all, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }

    #[test]
    fn data_does_not_end_its_element() {
        let made = data("a", &serde_json::json!("</script><!--"));
        assert_eq!(made.matches("</").count(), 1);
        assert!(!made.contains("<!--"));
    }
}

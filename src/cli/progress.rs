//! Says on a terminal what takes long.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Nothing is said of what takes less.
const PATIENCE: Duration = Duration::from_millis(800);

/// Does some work on `file`, the `place`th of so many. If it takes long, and standard error is a
/// terminal, one line there says so, until the work is done.
pub(super) fn watched<T>(file: &str, place: (usize, usize), work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waits) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let begun = Instant::now();
            let mut shown = 0;
            // The other end is dropped when the work is done.
            while waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let line = line(file, place, begun.elapsed());
                shown = line.chars().count();
                write(&format!("\r{line}"));
            }
            if shown > 0 {
                write(&format!("\r{}\r", " ".repeat(shown)));
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// The widest line that is shown, in characters.
const WIDTH: usize = 78;

fn line(file: &str, (number, of): (usize, usize), passed: Duration) -> String {
    let of = if of > 1 {
        format!(" ({number} of {of})")
    } else {
        String::new()
    };
    let tail = format!("{of}, {} s", passed.as_secs());
    let room = WIDTH.saturating_sub(tail.len() + 12);
    let name = super::output::clean(file);
    let skipped = name.chars().count().saturating_sub(room);
    let name: String = if skipped > 0 {
        let end: String = name.chars().skip(skipped + 1).collect();
        format!("…{end}")
    } else {
        name.to_string()
    };
    format!("looking at {name}{tail}")
}

fn write(text: &str) {
    let mut err = std::io::stderr().lock();
    // Who cannot see it misses nothing.
    let _ = err.write_all(text.as_bytes());
    let _ = err.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_a_terminal() {
        let long = line(&"x/".repeat(100), (3, 12), Duration::from_secs(75));
        assert!(long.chars().count() <= WIDTH, "{long}");
        assert!(long.ends_with("x/ (3 of 12), 75 s"), "{long}");
        let short = line("a.failway", (1, 1), Duration::from_secs(2));
        assert_eq!(short, "looking at a.failway, 2 s");
    }

    #[test]
    fn the_work_is_done_once() {
        assert_eq!(watched("a", (1, 1), || 7), 7);
    }
}

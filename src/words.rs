//! Words for people and models.

/// A duration as it is written in a policy, in at most two units: `200ms`, `3s`, `3m 20s`, `2h`.
#[must_use]
pub fn duration(ms: i64) -> String {
    const UNITS: [(i64, &str); 5] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let ms = ms.max(0);
    let Some(first) = UNITS.iter().position(|&(size, _)| ms >= size) else {
        return "0s".to_owned();
    };
    let mut rest = ms;
    let mut parts = Vec::new();
    for &(size, unit) in UNITS.iter().skip(first).take(2) {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    parts.join(" ")
}

/// A duration in the largest unit that takes it without a rest: one literal of a policy, as `90s`.
#[must_use]
pub fn duration_literal(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    if ms == 0 {
        return "0s".to_owned();
    }
    UNITS.iter().find(|(size, _)| ms % size == 0).map_or_else(
        || format!("{ms}ms"),
        |(size, unit)| format!("{}{unit}", ms / size),
    )
}

/// `a`, `a or b`, `a, b or c`.
#[must_use]
pub fn either(names: &[String]) -> String {
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_in_at_most_two_units() {
        let written = [0, 200, 3_000, 3_250, 200_000, 7_200_000, 90_000_000].map(duration);
        assert_eq!(
            written,
            ["0s", "200ms", "3s", "3s 250ms", "3m 20s", "2h", "1d 1h"]
        );
        assert_eq!(duration(-5), "0s");
        assert_eq!(duration(3_600_001), "1h");
    }

    #[test]
    fn names_are_joined_as_people_do() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(either(&names), "a, b or c");
        assert_eq!(either(&names[..1]), "a");
    }
}

//! Scalars between their wire form and their unit: decimals, times of day and dates as text, whole
//! numbers as JSON.
//!
//! Dates: Howard Hinnant, "chrono-compatible low-level date algorithms" (`days_from_civil` and
//! `civil_from_days`), in the proleptic Gregorian calendar.

use serde_json::{Number, Value};

/// The largest magnitude of a number in a table or a value: 2⁵³ − 1.
pub const NUMBER_MAX: i64 = (1 << 53) - 1;

/// The largest scale of a decimal: more digits than `NUMBER_MAX` has make no sense.
pub const SCALE_MAX: u32 = 15;

/// A whole JSON number within ±(2⁵³−1). `5.0` and `1e3` count as whole, since most JSON readers
/// can't tell them from `5` and `1000`.
#[must_use]
pub fn whole(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    let n = if let Some(n) = number.as_i64() {
        n
    } else {
        let f = number.as_f64()?;
        #[allow(clippy::cast_precision_loss)]
        let in_range = f.fract() == 0.0 && f.abs() <= NUMBER_MAX as f64;
        if !in_range {
            return None;
        }
        #[allow(clippy::cast_possible_truncation)] // whole and within ±(2⁵³−1)
        let n = f as i64;
        n
    };
    (n.unsigned_abs() <= NUMBER_MAX.unsigned_abs()).then_some(n)
}

/// So many milliseconds later; what would lie beyond ±(2⁵³−1) is at its edge.
#[must_use]
pub fn later(at: i64, ms: i64) -> i64 {
    at.saturating_add(ms).clamp(-NUMBER_MAX, NUMBER_MAX)
}

/// A number in its plainest form: an integer if it is whole and within ±(2⁵³−1), else a double.
#[must_use]
pub fn plain(number: &Number) -> Number {
    match whole(&Value::Number(number.clone())) {
        Some(n) => n.into(),
        None => number
            .as_f64()
            .and_then(Number::from_f64)
            .unwrap_or_else(|| number.clone()),
    }
}

/// Ten to the power of `scale`.
#[must_use]
pub fn power_of_ten(scale: u32) -> Option<i64> {
    10_i64.checked_pow(scale)
}

/// Units of 10^-`scale` of a decimal's text: `-12.5` at scale 2 is -1250. `None` if the text isn't a
/// decimal, has more fractional digits than `scale`, or is out of ±(2⁵³−1) units.
#[must_use]
pub fn decimal_units(text: &str, scale: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let missing = scale.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let mut units: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        units = units
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
    }
    units = units.checked_mul(power_of_ten(missing)?)?;
    (units <= NUMBER_MAX).then_some(if negative { -units } else { units })
}

/// The wire form of a decimal: exactly `scale` fractional digits, no point if there are none.
#[must_use]
pub fn decimal_text(units: i64, scale: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = units.unsigned_abs().to_string();
    let scale = scale as usize;
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// Exactly `len` ASCII digits as a number.
fn fixed_digits(text: &str, len: usize) -> Option<i64> {
    if text.len() != len || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Seconds since midnight of `HH:MM:SS` or `HH:MM`.
#[must_use]
pub fn time_seconds(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hours = fixed_digits(parts.next()?, 2)?;
    let minutes = fixed_digits(parts.next()?, 2)?;
    let seconds = parts.next().map_or(Some(0), |s| fixed_digits(s, 2))?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(hours * 3600 + minutes * 60 + seconds)
}

/// `HH:MM:SS`.
#[must_use]
pub fn time_text(seconds: i64) -> String {
    let s = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// Days since 1970-01-01 of `YYYY-MM-DD`, years 0001 to 9999.
#[must_use]
pub fn date_days(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year = fixed_digits(parts.next()?, 4)?;
    let month = fixed_digits(parts.next()?, 2)?;
    let day = fixed_digits(parts.next()?, 2)?;
    if parts.next().is_some() || year == 0 || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day))
}

/// `YYYY-MM-DD`.
#[must_use]
pub fn date_text(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days.saturating_add(719_468);
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal_units("12.5", 2), Some(1250));
        assert_eq!(decimal_units("-0.01", 2), Some(-1));
        assert_eq!(decimal_units("-0.00", 2), Some(0));
        assert_eq!(decimal_units("7", 0), Some(7));
        for wrong in [
            "", "-", ".5", "5.", "007", "+1", "1e3", "1.234", " 1", "1.2.3", "９",
        ] {
            assert_eq!(decimal_units(wrong, 2), None, "{wrong:?}");
        }
        assert_eq!(decimal_units("90071992547409.92", 2), None);
        assert_eq!(decimal_units(&"9".repeat(40), 0), None);
        for (units, scale, text) in [(1250, 2, "12.50"), (-1, 2, "-0.01"), (0, 1, "0.0")] {
            assert_eq!(decimal_text(units, scale), text);
            assert_eq!(decimal_units(text, scale), Some(units));
        }
    }

    #[test]
    fn dates_go_there_and_back() {
        assert_eq!(date_days("1970-01-01"), Some(0));
        assert_eq!(date_days("2026-11-23"), Some(20_780));
        assert_eq!(date_days("0001-01-01"), Some(-719_162));
        for day in (-719_162..2_932_896).step_by(97) {
            assert_eq!(date_days(&date_text(day)), Some(day));
        }
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "0000-01-01",
            "2026-1-1",
            "2026-11-23T",
            "2100-02-29",
        ] {
            assert_eq!(date_days(wrong), None, "{wrong}");
        }
        assert!(date_days("2000-02-29").is_some());
    }

    #[test]
    fn times_go_there_and_back() {
        assert_eq!(time_seconds("08:30"), Some(30_600));
        assert_eq!(time_seconds("23:59:59"), Some(86_399));
        assert_eq!(time_text(86_399), "23:59:59");
        for wrong in ["24:00", "8:30", "08:60", "08", "08:30:60", "08:30:00:00"] {
            assert_eq!(time_seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_stay_within_what_json_carries() {
        assert_eq!(whole(&json!(5.0)), Some(5));
        assert_eq!(whole(&json!(-0.0)), Some(0));
        assert_eq!(whole(&json!(NUMBER_MAX)), Some(NUMBER_MAX));
        for wrong in [
            json!(NUMBER_MAX + 1),
            json!(0.5),
            json!(u64::MAX),
            json!("5"),
            json!(1e300),
        ] {
            assert_eq!(whole(&wrong), None, "{wrong}");
        }
    }
}

//! Sets of integers: finite unions of intervals.
//!
//! An interval that ends at `i64::MIN` or `i64::MAX` stands for one without that end, so that wide
//! results (scaled differences) can be tested without overflow: see [`IntSet::contains_wide`].

use std::fmt;

/// A set of integers, kept as sorted intervals that neither overlap nor touch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct IntSet {
    ranges: Vec<(i64, i64)>,
}

impl IntSet {
    /// No integer.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every integer.
    #[must_use]
    pub fn all() -> Self {
        Self::range(i64::MIN, i64::MAX)
    }

    /// `low..=high`; empty if `low > high`.
    #[must_use]
    pub fn range(low: i64, high: i64) -> Self {
        Self {
            ranges: if low <= high {
                vec![(low, high)]
            } else {
                Vec::new()
            },
        }
    }

    /// A single integer.
    #[must_use]
    pub fn point(value: i64) -> Self {
        Self::range(value, value)
    }

    /// All integers `>= low`.
    #[must_use]
    pub fn at_least(low: i64) -> Self {
        Self::range(low, i64::MAX)
    }

    /// All integers `<= high`.
    #[must_use]
    pub fn at_most(high: i64) -> Self {
        Self::range(i64::MIN, high)
    }

    /// The union of intervals (both ends included) in any order; empty ones are dropped.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut all: Vec<(i64, i64)> = ranges.into_iter().filter(|(l, h)| l <= h).collect();
        all.sort_unstable();
        let mut out: Vec<(i64, i64)> = Vec::with_capacity(all.len());
        for (low, high) in all {
            match out.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => out.push((low, high)),
            }
        }
        Self { ranges: out }
    }

    /// The set of these integers.
    #[must_use]
    pub fn from_points(points: impl IntoIterator<Item = i64>) -> Self {
        Self::from_ranges(points.into_iter().map(|p| (p, p)))
    }

    /// The intervals, ascending, both ends included.
    #[must_use]
    pub fn ranges(&self) -> &[(i64, i64)] {
        &self.ranges
    }

    /// Whether no integer is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The least member.
    #[must_use]
    pub fn min(&self) -> Option<i64> {
        self.ranges.first().map(|r| r.0)
    }

    /// The greatest member.
    #[must_use]
    pub fn max(&self) -> Option<i64> {
        self.ranges.last().map(|r| r.1)
    }

    /// Membership.
    #[must_use]
    pub fn contains(&self, value: i64) -> bool {
        self.next_from(value) == Some(value)
    }

    /// Membership of a wide integer, which saturates: beyond the ends of `i64` the set goes on as it
    /// is at the end.
    #[must_use]
    pub fn contains_wide(&self, value: i128) -> bool {
        self.contains(saturate(value))
    }

    /// The least member that is `>= from`.
    #[must_use]
    pub fn next_from(&self, from: i64) -> Option<i64> {
        let at = self.ranges.partition_point(|r| r.1 < from);
        self.ranges.get(at).map(|r| r.0.max(from))
    }

    /// Whether every member is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.ranges.iter().all(|&(low, high)| {
            let at = other.ranges.partition_point(|r| r.1 < low);
            other
                .ranges
                .get(at)
                .is_some_and(|r| r.0 <= low && high <= r.1)
        })
    }

    /// Whether no member is shared.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let (mut i, mut j) = (0, 0);
        while let (Some(a), Some(b)) = (self.ranges.get(i), other.ranges.get(j)) {
            if a.1 < b.0 {
                i += 1;
            } else if b.1 < a.0 {
                j += 1;
            } else {
                return false;
            }
        }
        true
    }

    /// Members of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied())
    }

    /// Members of both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut i, mut j) = (0, 0);
        let mut out = Vec::new();
        while let (Some(a), Some(b)) = (self.ranges.get(i), other.ranges.get(j)) {
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            if low <= high {
                out.push((low, high));
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        Self { ranges: out }
    }

    /// Every integer that isn't a member.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut out = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = Some(i64::MIN);
        for &(low, high) in &self.ranges {
            if let (Some(start), Some(end)) = (from, low.checked_sub(1))
                && start <= end
            {
                out.push((start, end));
            }
            from = high.checked_add(1);
        }
        if let Some(start) = from {
            out.push((start, i64::MAX));
        }
        Self { ranges: out }
    }

    /// Members that aren't in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.intersect(&other.complement())
    }

    /// The negatives of all members.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self::from_ranges(self.ranges.iter().map(|&(l, h)| {
            let low = if h == i64::MAX {
                i64::MIN
            } else {
                -h.max(-i64::MAX)
            };
            let high = if l == i64::MIN { i64::MAX } else { -l };
            (low, high)
        }))
    }

    /// All `x` with `x · factor` in the set, for a positive factor.
    #[must_use]
    pub fn divided(&self, factor: i64) -> Self {
        if factor <= 1 {
            return self.clone();
        }
        Self::from_ranges(self.ranges.iter().map(|&(l, h)| {
            let low = if l == i64::MIN {
                l
            } else {
                div_ceil(l.into(), factor.into())
            };
            let high = if h == i64::MAX {
                h
            } else {
                h.div_euclid(factor)
            };
            (low, high)
        }))
    }
}

/// The nearest of ±`i64::MAX`, so that it can be negated.
pub(crate) fn saturate(value: i128) -> i64 {
    let end = i128::from(i64::MAX);
    i64::try_from(value.clamp(-end, end)).unwrap_or(0)
}

/// `value / by`, rounded up, saturating; `by` is positive.
pub(crate) fn div_ceil(value: i128, by: i128) -> i64 {
    saturate(-(-value).div_euclid(by))
}

impl fmt::Debug for IntSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, &(low, high)) in self.ranges.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            match (low, high) {
                (l, h) if l == h => write!(f, "{l}")?,
                (i64::MIN, i64::MAX) => f.write_str("..")?,
                (i64::MIN, h) => write!(f, "..{h}")?,
                (l, i64::MAX) => write!(f, "{l}..")?,
                (l, h) => write!(f, "{l}..{h}")?,
            }
        }
        f.write_str("}")
    }
}

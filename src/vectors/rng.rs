//! Random draws that are the same on every machine: SplitMix64 (Steele, Lea, Flood, "Fast splittable
//! pseudorandom number generators", 2014).

#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    /// Begins with a text, so that other tables give other draws.
    pub(super) fn new(seed: &str) -> Self {
        // FNV-1a.
        let mix = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
        Self(seed.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`; 0 if there is nothing below.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % n).unwrap_or(0)
    }

    /// True in so many of 256 draws.
    pub(super) fn chance(&mut self, of_256: u64) -> bool {
        self.next() % 256 < of_256
    }

    /// Between both ends.
    pub(super) fn within(&mut self, min: i64, max: i64) -> i64 {
        let span = max.abs_diff(min).saturating_add(1);
        min.wrapping_add_unsigned(self.next() % span.max(1))
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

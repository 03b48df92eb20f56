//! Numbers that look drawn and are the same each time, and what is made with them.

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Draw(pub u64);

impl Draw {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// The bytes with some flipped, cut off, doubled or overwritten, also by a sign that means something in their format.
pub fn mutant(bytes: &[u8], seed: u64, sign: u8) -> Vec<u8> {
    let mut draw = Draw(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let mut mutant = bytes.to_vec();
    for _ in 0..1 + draw.below(6) {
        let at = draw.below(mutant.len());
        match draw.below(4) {
            0 => mutant[at] ^= 1 << draw.below(8),
            1 => mutant.truncate(at.max(1)),
            2 => {
                let stretch = mutant[at..at + draw.below(mutant.len() - at)].to_vec();
                let to = draw.below(mutant.len());
                mutant.splice(to..to, stretch);
            }
            _ => {
                let end = (at + 1 + draw.below(8)).min(mutant.len());
                let value = [0, 0xff, b'9', sign][draw.below(4)];
                mutant[at..end].fill(value);
            }
        }
    }
    mutant
}

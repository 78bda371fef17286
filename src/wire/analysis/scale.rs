//! By how much the windows of one side are multiplied: said in the SYNs, which a capture need not have. RFC 7323 §2.2.
use std::num::NonZeroU32;

use crate::wire::tcp::multiplier;

/// By how much the windows of one side are multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// No SYN that would say it is in the capture: the window is shown as it stands in the header.
    #[default]
    Unknown,
    /// The SYNs that were seen agreed on none.
    Unused,
    /// Shifted left by so many bits.
    By(u8),
}

impl Scale {
    /// How often a window of this side counts; none where that is not known.
    #[must_use]
    pub const fn factor(self) -> Option<NonZeroU32> {
        match self {
            Self::Unknown => None,
            Self::Unused => Some(NonZeroU32::MIN),
            Self::By(shift) => NonZeroU32::new(multiplier(shift)),
        }
    }

    /// What it makes of a window of the header, where the header alone does not say all.
    #[must_use]
    pub fn said(self, window: u32) -> Option<String> {
        match self {
            // Nothing is nothing, however often.
            _ if window == 0 => None,
            Self::Unknown => Some(format!(
                "{window} as the header says it: how it is scaled stood in SYNs that are not in the capture"
            )),
            Self::Unused | Self::By(0) => None,
            Self::By(shift) => {
                let factor = multiplier(shift);
                let bytes = u64::from(window) * u64::from(factor);
                Some(format!("{window} x {factor} = {bytes} B: the factor stood in this side's SYN"))
            }
        }
    }

    /// A window in bytes; as the header says it, where the scale is not known.
    pub(super) fn bytes(self, window: u16) -> u32 {
        u32::from(window) * self.factor().map_or(1, NonZeroU32::get)
    }

    /// As Wireshark has it (tcp.window_size_scalefactor): -1 not known, -2 not used.
    pub(in crate::wire) fn as_wireshark_has_it(self) -> i64 {
        match self {
            Self::Unknown => -1,
            Self::Unused => -2,
            Self::By(shift) => multiplier(shift).into(),
        }
    }

    /// In 5 bits.
    pub(in crate::wire) fn packed(self) -> u8 {
        match self {
            Self::Unknown => 31,
            Self::Unused => 30,
            Self::By(shift) => shift.min(14),
        }
    }

    /// Of 5 bits.
    pub(in crate::wire) const fn of_packed(bits: u8) -> Self {
        match bits {
            0..=14 => Self::By(bits),
            30 => Self::Unused,
            _ => Self::Unknown,
        }
    }
}

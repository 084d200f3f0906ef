//! Where strict mode deliberately does not do what mtail 3.0.9 did.

pub struct Deviation {
    pub name: &'static str,
    pub reason: &'static str,
    pub compiles: bool,
    pub runtime_errors: usize,
    pub metrics: &'static [&'static str],
}

pub const DEVIATIONS: &[Deviation] = &[];

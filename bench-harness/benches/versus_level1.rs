//! The limits of this machine, the first lines of the comparison to come.
mod interleave;
use simdescent_kernels::isa;
fn main() {
    for &isa in isa::available() {
        let peaks = [interleave::fma_peak::<f32>(isa), interleave::fma_peak::<f64>(isa)].map(|flops| flops / 1e9);
        println!("{isa}: {:.0} GFLOP/s f32, {:.0} GFLOP/s f64", peaks[0], peaks[1]);
        for kib in [16, 256, 8 * 1024, 256 * 1024] {
            println!("  read {kib} KiB: {:.1} GB/s", interleave::read_bandwidth(isa, kib * 1024) / 1e9);
        }
    }
}

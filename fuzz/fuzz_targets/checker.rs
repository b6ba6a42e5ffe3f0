#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| failway_fuzz::targets::checker(data));

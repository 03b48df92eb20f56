//! Nothing of its own: each benchmark is a program beside this file, started in this folder with
//! `cargo bench --bench NAME`.

//! `serve` as clients and those who run it meet it: who is let in, TLS, limits, the end.

mod access;
mod connections;
mod tls;

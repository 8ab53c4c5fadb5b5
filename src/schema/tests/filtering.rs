//! Compiling scoping filters.

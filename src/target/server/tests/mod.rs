mod connections;
mod tls;

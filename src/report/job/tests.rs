//! Jobs as a page, as JSON and for a ticket.

// Ownership

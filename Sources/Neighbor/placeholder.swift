// Neighbor

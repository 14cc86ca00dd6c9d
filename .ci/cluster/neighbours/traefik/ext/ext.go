// Package ext stands in for what Traefik's module leaves to products built on it: nothing, as in its own tree.
package ext

// HTTP has no further fields.
type HTTP struct{}

// Router has no further fields.
type Router struct{}

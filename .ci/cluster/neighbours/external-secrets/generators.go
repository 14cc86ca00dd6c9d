// Package register knows no generator.
package register

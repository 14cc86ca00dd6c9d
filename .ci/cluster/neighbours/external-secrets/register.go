// Package register knows the fake provider, whose values stand in the store itself, and none of the forty others, with their
// clients.
package register

import _ "github.com/external-secrets/external-secrets/pkg/provider/fake"

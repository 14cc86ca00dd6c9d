// Package register knows the fake provider, whose values stand in the store itself, and none of the forty others: their
// clients take longer to build than all else together.
package register

import _ "github.com/external-secrets/external-secrets/pkg/provider/fake"

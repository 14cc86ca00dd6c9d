// Package dns knows no provider: the hundred of the original are for ACME, and not every one of their modules is served.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

// NewDNSChallengeProviderByName refuses every name.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("this build knows no DNS provider %q", name)
}

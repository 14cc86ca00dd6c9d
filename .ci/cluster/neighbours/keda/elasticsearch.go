// Elasticsearch's client is two thirds of what KEDA is compiled from, and nobody here asks it.

package scalers

import (
	"errors"

	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
)

var errNotBuilt = errors.New("this KEDA is built without Elasticsearch")

func NewElasticsearchScaler(*scalersconfig.ScalerConfig) (Scaler, error) { return nil, errNotBuilt }

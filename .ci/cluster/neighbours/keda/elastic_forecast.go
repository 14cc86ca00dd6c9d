package scalers

import "github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"

func NewElasticForecastScaler(*scalersconfig.ScalerConfig) (Scaler, error) { return nil, errNotBuilt }

// What a dashboard's JSON must be: the types that Grafana publishes, with words in the place of its enumerations.
import type { Dashboard as Published, Panel, RowPanel } from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/raw/composable/stat/panelcfg/x/types.gen';
import type { FieldConfig, Options as LineOptions } from '@grafana/schema/raw/composable/timeseries/panelcfg/x/types.gen';

type Plain<T> = 0 extends 1 & T
  ? T
  : T extends string
    ? `${T}`
    : T extends Array<infer Item>
      ? Array<Plain<Item>>
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;

type Lines = Omit<Panel<Partial<LineOptions>, Partial<FieldConfig>>, 'options'> & {
  type: 'timeseries';
  options?: Partial<LineOptions>;
};
type Figure = Omit<Panel<Partial<StatOptions>>, 'options'> & { type: 'stat'; options?: Partial<StatOptions> };
type Row = RowPanel & { type: 'row' };

export type Dashboard = Plain<Omit<Published, 'panels'> & { panels: Array<Lines | Figure | Row> }>;

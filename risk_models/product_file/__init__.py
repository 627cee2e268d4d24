"""The product file (formats 1 and 2): one YAML that a team keeps beside its code, loaded into a System and dumped back."""

from risk_models.product_file.component_format import derived_patcher, extra_dict
from risk_models.product_file.file_format import dumps, from_dict, loads, to_dict

__all__ = ["derived_patcher", "dumps", "extra_dict", "from_dict", "loads", "to_dict"]

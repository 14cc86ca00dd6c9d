"""What a fault needs around the pipeline: machines and networks of its own, other clocks, slow disks, other stores."""

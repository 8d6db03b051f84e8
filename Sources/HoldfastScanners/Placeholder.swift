enum HoldfastScannersPlaceholder {}

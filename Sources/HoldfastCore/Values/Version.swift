/// This program's version: shown by `holdfast version`, the API and each worker's row.
package let holdfastVersion = "0.1.0"

module pixel

go 1.27
